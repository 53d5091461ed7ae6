import { useEffect, useRef } from 'react';
import { Button, NativeSelect, TextInput } from '@mantine/core';
import { LOCALES } from '../../../domain/locale.ts';
import { localeOr, NEW_PERSON } from '../../data/policy-draft.ts';
import type { Faults, PersonDraft } from '../../data/policy-draft.ts';
import { LANGUAGE_NAMES } from '../../words/connect/languages.ts';
import { fieldAt, valueOf } from './fields.ts';
import type { PolicyFieldsProps } from './fields.ts';
import { TimeZoneField } from './time-zone-field.tsx';

const MOST = 50;

/** The admins of a tenant, each with a language and a time zone of their own. */
export function PeopleFields({ draft, faults, onChange }: PolicyFieldsProps) {
  const { admins } = draft;
  const list = useFocusOnAdded(admins.length);
  const put = (index: number, part: Partial<PersonDraft>) =>
    onChange({ admins: admins.map((admin, at) => (at === index ? { ...admin, ...part } : admin)) });
  return (
    <section className="panel" aria-labelledby="admins">
      <h2 id="admins">Admins</h2>
      <p className="hint">
        People at the tenant who look after shared channels, join when an owner does nothing, and are told of what only
        an administrator can do.
      </p>
      <div className="people" ref={list}>
        {admins.map((admin, index) => (
          <Person
            // oxlint-disable-next-line react/no-array-index-key -- the fields are controlled, and an address is no key while it is typed
            key={index}
            index={index}
            admin={admin}
            faults={faults}
            onChange={(part) => put(index, part)}
            onRemove={() => onChange({ admins: admins.filter((_, at) => at !== index) })}
          />
        ))}
      </div>
      {admins.length === 0 && (
        <p className="hint">No admin yet: shared channels that break, and owners who have left, reach no one.</p>
      )}
      <Button
        variant="default"
        className="add-button"
        disabled={admins.length >= MOST}
        onClick={() => onChange({ admins: [...admins, NEW_PERSON] })}
      >
        Add an admin
      </Button>
    </section>
  );
}

/** Puts the cursor into the fields that were just added. */
function useFocusOnAdded(count: number) {
  const list = useRef<HTMLDivElement>(null);
  const shown = useRef(count);
  useEffect(() => {
    if (count > shown.current) list.current?.querySelector<HTMLElement>(`[name="admins.${count - 1}.email"]`)?.focus();
    shown.current = count;
  }, [count]);
  return list;
}

interface PersonProps {
  index: number;
  admin: PersonDraft;
  faults: Faults;
  onChange: (part: Partial<PersonDraft>) => void;
  onRemove: () => void;
}

function Person({ index, admin, faults, onChange, onRemove }: PersonProps) {
  const at = (field: string) => fieldAt(`admins.${index}.${field}`, faults);
  const label = admin.email.trim() || `admin ${index + 1}`;
  return (
    <fieldset className="person">
      <legend className="visually-hidden">{label}</legend>
      <TextInput
        {...at('email')}
        label="Email"
        type="email"
        autoComplete="off"
        value={admin.email}
        onChange={(event) => onChange({ email: valueOf(event) })}
      />
      <TextInput
        {...at('name')}
        label="Name"
        autoComplete="off"
        value={admin.name}
        onChange={(event) => onChange({ name: valueOf(event) })}
      />
      <NativeSelect
        {...at('locale')}
        label="Language"
        value={admin.locale}
        data={[
          { value: '', label: 'As the tenant' },
          ...LOCALES.map((locale) => ({ value: locale, label: LANGUAGE_NAMES[locale] })),
        ]}
        onChange={(event) => onChange({ locale: localeOr(valueOf(event), '') })}
      />
      <TimeZoneField
        {...at('time_zone')}
        label="Time zone"
        placeholder="As the tenant"
        value={admin.timeZone}
        onChange={(timeZone) => onChange({ timeZone })}
      />
      <Button variant="subtle" className="danger" aria-label={`Remove ${label}`} onClick={onRemove}>
        Remove
      </Button>
    </fieldset>
  );
}
