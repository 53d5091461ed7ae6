import { Checkbox, NativeSelect, Textarea, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { LOCALES } from '../../../domain/locale.ts';
import { localeOr } from '../../data/policy-draft.ts';
import { sessionQuery } from '../../data/queries.ts';
import { LANGUAGE_NAMES } from '../../words/connect/languages.ts';
import { fieldAt, valueOf } from './fields.ts';
import type { PolicyFieldsProps } from './fields.ts';

/** What people read: the tenant's name and its language. */
export function NameFields({ tenant, draft, faults, onChange }: PolicyFieldsProps & { tenant: string }) {
  return (
    <section className="panel" aria-labelledby="name">
      <h2 id="name">Name and language</h2>
      <div className="field-pair">
        <TextInput
          {...fieldAt('display_name', faults)}
          label="Display name"
          description="As connect pages and mails name the tenant"
          placeholder={tenant}
          value={draft.displayName}
          onChange={(event) => onChange({ displayName: valueOf(event) })}
        />
        <NativeSelect
          {...fieldAt('locale', faults)}
          label="Language of mails"
          description="A person’s own language goes before it"
          value={draft.locale}
          data={LOCALES.map((locale) => ({ value: locale, label: LANGUAGE_NAMES[locale] }))}
          onChange={(event) => onChange({ locale: localeOr(valueOf(event), draft.locale) })}
        />
      </div>
    </section>
  );
}

/** Which kinds of account may be connected. */
export function AccessFields({ draft, faults, onChange }: PolicyFieldsProps) {
  const offered = useQuery(sessionQuery).data?.sign_in ?? [];
  const { accessTypes } = draft;
  const rest = (accessTypes ?? []).filter((type) => !offered.some(({ access_type }) => access_type === type));
  const choices = [
    ...offered,
    ...rest.map((type) => ({ access_type: type, label: type, hint: 'Not configured here' })),
  ];
  const error = faults['access_types'];
  return (
    <section className="panel" aria-labelledby="access">
      <h2 id="access">Access types</h2>
      <fieldset className="choices" aria-describedby={error && 'access-error'}>
        <legend className="visually-hidden">Which kinds of account may be connected</legend>
        <Checkbox
          label="All kinds of account may be connected"
          description="New ones too, once they are configured"
          checked={accessTypes === null}
          onChange={(event) =>
            onChange({ accessTypes: event.currentTarget.checked ? null : offered.map((way) => way.access_type) })
          }
        />
        {accessTypes !== null && (
          <div className="indented choices">
            {choices.map(({ access_type: type, label, hint }, index) => (
              <Checkbox
                key={type}
                {...(index === 0 && { name: 'access_types' })}
                label={label}
                description={hint}
                checked={accessTypes.includes(type)}
                onChange={(event) =>
                  onChange({
                    accessTypes: event.currentTarget.checked
                      ? [...accessTypes, type]
                      : accessTypes.filter((one) => one !== type),
                  })
                }
              />
            ))}
            {error && (
              <p className="field-error" id="access-error">
                {error}
              </p>
            )}
          </div>
        )}
      </fieldset>
    </section>
  );
}

/** How long messages are kept, and where the banner may stand. */
export function KeepingFields({ draft, faults, onChange }: PolicyFieldsProps) {
  return (
    <section className="panel" aria-labelledby="keeping">
      <h2 id="keeping">Retention and banner</h2>
      <div className="stack">
        <TextInput
          {...fieldAt('retention_days', faults)}
          label="Keep acknowledged messages for (days)"
          description="Content and envelope are deleted afterwards. A message that your product has not acknowledged stays."
          inputMode="numeric"
          disabled={draft.keepsForEver}
          value={draft.keepsForEver ? '' : draft.retentionDays}
          onChange={(event) => onChange({ retentionDays: valueOf(event) })}
        />
        <Checkbox
          label="Keep them until the channel is erased"
          checked={draft.keepsForEver}
          onChange={(event) => onChange({ keepsForEver: event.currentTarget.checked })}
        />
        <Textarea
          {...fieldAt('banner_origins', faults)}
          label="Origins of the banner"
          description="The addresses of your product that may show <mooring-banner>, one a line, such as https://app.example.com"
          autosize={false}
          rows={3}
          value={draft.bannerOrigins}
          onChange={(event) => onChange({ bannerOrigins: valueOf(event) })}
        />
      </div>
    </section>
  );
}
