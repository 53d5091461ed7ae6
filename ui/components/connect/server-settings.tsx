import type { ReactNode } from 'react';
import { TextInput } from '@mantine/core';
import type { SignIn } from '../../../api/schemas/sign-in.ts';
import type { FormField } from '../../../domain/words/sign-in-failures.ts';
import type { PasswordEntry } from '../../data/password-body.ts';
import { EncryptionAndPort } from './encryption-and-port.tsx';
import { Sentence } from './sentence.tsx';
import { useWords } from './speaking.tsx';

interface PartProps {
  asks: NonNullable<SignIn['password']>['server'];
  entry: PasswordEntry;
  onChange: (part: Partial<PasswordEntry>) => void;
}

export function ServerAddress({ asks, entry, error, onChange }: PartProps & { error: ReactNode }) {
  const { words } = useWords();
  return (
    <TextInput
      name="host"
      type="url"
      label={words.form.serverAddress}
      description={words.form.serverAddressEmpty}
      placeholder={asks.example}
      value={entry.url}
      error={error}
      onChange={(event) => onChange({ url: event.currentTarget.value, authentication: '' })}
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
  const { words } = useWords();
  const { form } = words;
  return (
    <details className="more" open={open || undefined}>
      <summary>
        {form.serverSettings}{' '}
        <span className="meta">{entry.host || (error('host') ? form.toBeEntered : form.foundByAddress)}</span>
      </summary>
      <div className="server-settings">
        <TextInput
          name="host"
          label={form.imapServer}
          placeholder={asks.example}
          value={entry.host}
          error={error('host')}
          onChange={(event) => onChange({ host: event.currentTarget.value })}
        />
        <EncryptionAndPort
          security={entry.security}
          port={entry.port}
          ports={{ tls: '993', starttls: '143' }}
          error={error}
          onSecurity={(security) => onChange({ security })}
          onPort={(port) => onChange({ port })}
        />
      </div>
      {sandboxPage && (
        <p className="hint server-hint">
          <Sentence
            text={form.sandbox}
            parts={{
              page: (
                <a href={sandboxPage} target="_blank" rel="noreferrer">
                  {form.sandboxPage}
                </a>
              ),
            }}
          />
        </p>
      )}
    </details>
  );
}
