import { TextInput } from '@mantine/core';
import { valueOf } from './fields.ts';

const LIST = 'time-zones';

interface TimeZoneProps {
  name: string;
  label: string;
  placeholder?: string;
  error: string | undefined;
  value: string;
  onChange: (timeZone: string) => void;
}

/** A time zone by its name. The browser offers the names while a person types; `TimeZoneList` has them once a page. */
export function TimeZoneField({ onChange, ...field }: TimeZoneProps) {
  return (
    <TextInput
      {...field}
      list={LIST}
      autoComplete="off"
      spellCheck={false}
      aria-invalid={field.error !== undefined}
      onChange={(event) => onChange(valueOf(event))}
    />
  );
}

export function TimeZoneList() {
  return (
    <datalist id={LIST}>
      {['UTC', ...Intl.supportedValuesOf('timeZone')].map((zone) => (
        <option key={zone} value={zone} />
      ))}
    </datalist>
  );
}
