import { NativeSelect } from '@mantine/core';
import type { Scheme } from './preview-frame.tsx';

/** How a preview is looked at. */
export interface Look {
  /** In px. */
  width: number;
  scheme: Scheme;
  /** A mail's plain text. */
  asText: boolean;
}

const PHONE = 360;
const DESKTOP = 680;

export const FIRST_LOOK: Look = { width: DESKTOP, scheme: 'light', asText: false };

export function LookChoice({ look, onChange }: { look: Look; onChange: (part: Partial<Look>) => void }) {
  return (
    <div className="preview-choices">
      <NativeSelect
        aria-label="Width"
        value={look.width}
        data={[
          { value: String(DESKTOP), label: 'Desktop' },
          { value: String(PHONE), label: 'Phone' },
        ]}
        onChange={(event) => onChange({ width: Number(event.currentTarget.value) })}
      />
      <NativeSelect
        aria-label="Colours"
        value={look.asText ? 'text' : look.scheme}
        data={[
          { value: 'light', label: 'Light' },
          { value: 'dark', label: 'Dark' },
          { value: 'text', label: 'Plain text' },
        ]}
        onChange={(event) => {
          const { value } = event.currentTarget;
          onChange(
            value === 'text' ? { asText: true } : { asText: false, scheme: value === 'dark' ? 'dark' : 'light' },
          );
        }}
      />
    </div>
  );
}
