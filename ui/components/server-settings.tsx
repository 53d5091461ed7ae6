import type { ReactNode } from 'react';
import { NativeSelect, TextInput } from '@mantine/core';
import { knownServer } from '../connect-words.ts';
import type { FormField } from '../connect-words.ts';
import type { PasswordEntry } from '../password-body.ts';

interface PartProps {
  entry: PasswordEntry;
  onChange: (part: Partial<PasswordEntry>) => void;
}

export function ServerAddress({ entry, error, onChange }: PartProps & { error: ReactNode }) {
  return (
    <TextInput
      name="host"
      type="url"
      label="Address of the Exchange server"
      placeholder="https://mail.example.com/EWS/Exchange.asmx"
      required
      withAsterisk={false}
      value={entry.url}
      error={error}
      onChange={(event) => onChange({ url: event.currentTarget.value })}
    />
  );
}

interface SettingsProps extends PartProps {
  /** The channel has its server already; nothing need be entered. */
  pinned: boolean;
  open: boolean;
  error: (field: FormField) => string | undefined;
}

export function ServerSettings({ entry, pinned, open, error, onChange }: SettingsProps) {
  const known = knownServer(entry.username);
  const found = entry.host || (pinned ? 'as before' : (known?.host ?? 'found by your address'));
  return (
    <details className="more" open={open || undefined}>
      <summary>
        Server settings <span className="meta">{found}</span>
      </summary>
      <div className="server-settings">
        <TextInput
          name="host"
          label="IMAP server"
          placeholder={known?.host ?? 'imap.example.com'}
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
            { value: 'tls', label: 'TLS' },
            { value: 'starttls', label: 'STARTTLS' },
          ]}
          onChange={(event) => onChange({ security: event.currentTarget.value === 'starttls' ? 'starttls' : 'tls' })}
        />
        <TextInput
          name="port"
          label="Port"
          inputMode="numeric"
          pattern="[0-9]{1,5}"
          placeholder={entry.security === 'tls' ? '993' : '143'}
          value={entry.port}
          error={error('port')}
          onChange={(event) => onChange({ port: event.currentTarget.value })}
        />
      </div>
    </details>
  );
}
