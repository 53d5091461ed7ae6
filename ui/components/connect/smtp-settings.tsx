import { NativeSelect, TextInput } from '@mantine/core';
import type { PasswordEntry } from '../../data/password-body.ts';
import { useWords } from './speaking.tsx';

interface SmtpProps {
  entry: PasswordEntry;
  /** What failed there. */
  error: string | undefined;
  onChange: (part: Partial<PasswordEntry>) => void;
}

/** The server that mail is sent by; left empty it is found by the address. */
export function SmtpSettings({ entry, error, onChange }: SmtpProps) {
  const { words } = useWords();
  const { form } = words;
  return (
    <details className="more" open={error !== undefined || undefined}>
      <summary>
        {form.smtpServer}{' '}
        <span className="meta">{entry.smtpHost || (error ? form.toBeEntered : form.foundByAddress)}</span>
      </summary>
      <div className="server-settings">
        <TextInput
          name="smtp"
          label={form.smtpServer}
          placeholder="smtp.example.com"
          value={entry.smtpHost}
          error={error}
          onChange={(event) => onChange({ smtpHost: event.currentTarget.value })}
        />
        <NativeSelect
          name="smtp_security"
          label={form.encryption}
          value={entry.smtpSecurity}
          data={[
            { value: '', label: form.byPort },
            { value: 'tls', label: 'TLS' },
            { value: 'starttls', label: 'STARTTLS' },
          ]}
          onChange={(event) => onChange({ smtpSecurity: event.currentTarget.value as PasswordEntry['smtpSecurity'] })}
        />
        <TextInput
          name="smtp_port"
          label={form.port}
          inputMode="numeric"
          pattern="[0-9]{1,5}"
          placeholder={entry.smtpSecurity === 'starttls' ? '587' : '465'}
          value={entry.smtpPort}
          onChange={(event) => onChange({ smtpPort: event.currentTarget.value })}
        />
      </div>
    </details>
  );
}
