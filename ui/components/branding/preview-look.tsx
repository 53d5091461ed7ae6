import { NativeSelect } from '@mantine/core';
import { LOCALES } from '../../../domain/locale.ts';
import type { Locale } from '../../../domain/locale.ts';
import { localeOr } from '../../data/policy-draft.ts';
import { LANGUAGE_NAMES } from '../../words/connect/languages.ts';
import type { Scheme } from './preview-frame.tsx';

/** What is previewed, and how it is looked at. */
export interface Look {
  subject: 'page' | 'mail';
  /** In px. */
  width: number;
  scheme: Scheme;
  locale: Locale;
  /** A mail's plain text. */
  asText: boolean;
}

const PHONE = 360;
const DESKTOP = 680;

export const FIRST_LOOK: Look = { subject: 'page', width: DESKTOP, scheme: 'light', locale: 'en', asText: false };

export function LookChoice({ look, onChange }: { look: Look; onChange: (part: Partial<Look>) => void }) {
  return (
    <div className="preview-choices">
      <div className="chips" role="group" aria-label="Preview of">
        {(['page', 'mail'] as const).map((subject) => (
          <button
            key={subject}
            type="button"
            className="chip"
            aria-pressed={look.subject === subject}
            onClick={() => onChange({ subject })}
          >
            {subject === 'page' ? 'Connect page' : 'Mail'}
          </button>
        ))}
      </div>
      <NativeSelect
        aria-label="Language"
        value={look.locale}
        data={LOCALES.map((one) => ({ value: one, label: LANGUAGE_NAMES[one] }))}
        onChange={(event) => onChange({ locale: localeOr(event.currentTarget.value, look.locale) })}
      />
      <NativeSelect
        className="preview-width"
        aria-label="Width"
        value={String(look.width)}
        data={[
          { value: String(DESKTOP), label: 'Desktop' },
          { value: String(PHONE), label: 'Phone' },
        ]}
        onChange={(event) => onChange({ width: Number(event.currentTarget.value) })}
      />
      <NativeSelect
        aria-label="Colours"
        value={look.asText && look.subject === 'mail' ? 'text' : look.scheme}
        data={[
          { value: 'light', label: 'Light' },
          { value: 'dark', label: 'Dark' },
          ...(look.subject === 'mail' ? [{ value: 'text', label: 'Plain text' }] : []),
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
