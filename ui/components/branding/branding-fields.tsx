import { TextInput } from '@mantine/core';
import type { BrandingDraft } from '../../data/branding-draft.ts';
import type { Faults } from '../../data/policy-draft.ts';
import { fieldAt, valueOf } from '../settings/fields.ts';

interface FieldsProps {
  draft: BrandingDraft;
  faults: Faults;
  onChange: (part: Partial<BrandingDraft>) => void;
}

/** What connect pages and mails carry of the product. */
export function BrandingFields({ draft, faults, onChange }: FieldsProps) {
  return (
    <section className="panel stack" aria-label="Branding">
      <TextInput
        {...fieldAt('name', faults)}
        label="Name of the product"
        description="Empty: Mooring"
        value={draft.name}
        onChange={(event) => onChange({ name: valueOf(event) })}
      />
      <TextInput
        {...fieldAt('logo_url', faults)}
        label="Address of the logo"
        description="A PNG, JPEG, GIF, WebP or SVG image of at most 512 KiB. Mooring fetches it and serves it itself."
        type="url"
        placeholder="https://example.com/logo.svg"
        value={draft.logoUrl}
        onChange={(event) => onChange({ logoUrl: valueOf(event) })}
      />
      <AccentField draft={draft} faults={faults} onChange={onChange} />
      <TextInput
        {...fieldAt('support_email', faults)}
        label="Support by email"
        description="Where people who cannot go on may write"
        type="email"
        placeholder="help@example.com"
        value={draft.supportEmail}
        onChange={(event) => onChange({ supportEmail: valueOf(event) })}
      />
      <TextInput
        {...fieldAt('support_url', faults)}
        label="Support page"
        type="url"
        placeholder="https://example.com/help"
        value={draft.supportUrl}
        onChange={(event) => onChange({ supportUrl: valueOf(event) })}
      />
      <TextInput
        {...fieldAt('privacy_url', faults)}
        label="Privacy notice"
        type="url"
        placeholder="https://example.com/privacy"
        value={draft.privacyUrl}
        onChange={(event) => onChange({ privacyUrl: valueOf(event) })}
      />
    </section>
  );
}

const OURS = '#0e5f73';

function AccentField({ draft, faults, onChange }: FieldsProps) {
  const isWhole = /^#[0-9a-f]{6}$/i.test(draft.accentColor);
  return (
    <div className="accent-field">
      <TextInput
        {...fieldAt('accent_color', faults)}
        label="Accent colour"
        description="Of buttons and links. Text on it stays readable: its own colour is computed."
        placeholder={OURS}
        value={draft.accentColor}
        onChange={(event) => onChange({ accentColor: valueOf(event) })}
      />
      <input
        type="color"
        aria-label="Choose the accent colour"
        value={isWhole ? draft.accentColor.toLowerCase() : OURS}
        onChange={(event) => onChange({ accentColor: valueOf(event) })}
      />
    </div>
  );
}
