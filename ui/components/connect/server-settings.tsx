import type { ReactNode } from 'react';
import { NativeSelect, TextInput } from '@mantine/core';
import type { SignIn } from '../../../api/schemas/sign-in.ts';
import type { FormField } from '../../../domain/words/sign-in-failures.ts';
import type { PasswordEntry } from '../../data/password-body.ts';

interface PartProps {
  asks: NonNullable<SignIn['password']>['server'];
  entry: PasswordEntry;
  onChange: (part: Partial<PasswordEntry>) => void;
}

export function ServerAddress({ asks, entry, error, onChange }: PartProps & { error: ReactNode }) {
  return (
    <TextInput
      name="host"
      type="url"
      label={asks.label}
      placeholder={asks.example}
      required
      withAsterisk={false}
      value={entry.url}
      error={error}
      onChange={(event) => onChange({ url: event.currentTarget.value })}
    />
  );
}

interface SettingsProps extends PartProps {
  open: boolean;
  /** Where the simulated server stands; null: there is none. */
  sandboxPage: string | null;
  error: (field: FormField) => string | undefined;
}

export function ServerSettings({ asks, entry, open, sandboxPage, error, onChange }: SettingsProps) {
  return (
    <details className="more" open={open || undefined}>
      <summary>
        Server settings{' '}
        <span className="meta">{entry.host || (error('host') ? 'to be entered' : 'found by your address')}</span>
      </summary>
      <div className="server-settings">
        <TextInput
          name="host"
          label={asks.label}
          placeholder={asks.example}
          value={entry.host}
          error={error('host')}
          onChange={(event) => onChange({ host: event.currentTarget.value })}
        />
        <NativeSelect
          name="security"
          label="Encryption"
          value={entry.security}
          error={error('security')}
          data={[
            { value: '', label: 'By port' },
            { value: 'tls', label: 'TLS' },
            { value: 'starttls', label: 'STARTTLS' },
          ]}
          onChange={(event) => onChange({ security: event.currentTarget.value as PasswordEntry['security'] })}
        />
        <TextInput
          name="port"
          label="Port"
          inputMode="numeric"
          pattern="[0-9]{1,5}"
          placeholder={entry.security === 'starttls' ? '143' : '993'}
          value={entry.port}
          error={error('port')}
          onChange={(event) => onChange({ port: event.currentTarget.value })}
        />
      </div>
      {sandboxPage && (
        <p className="hint server-hint">
          A mailbox of the sandbox? Its accounts, and their server, stand on{' '}
          <a href={sandboxPage} target="_blank" rel="noreferrer">
            the sandbox’s page
          </a>
          .
        </p>
      )}
    </details>
  );
}
