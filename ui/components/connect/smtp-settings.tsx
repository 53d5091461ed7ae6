import { TextInput } from '@mantine/core';
import type { PasswordEntry } from '../../data/password-body.ts';
import { EncryptionAndPort } from './encryption-and-port.tsx';
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
        <EncryptionAndPort
          prefix="smtp_"
          security={entry.smtpSecurity}
          port={entry.smtpPort}
          ports={{ tls: '465', starttls: '587' }}
          onSecurity={(smtpSecurity) => onChange({ smtpSecurity })}
          onPort={(smtpPort) => onChange({ smtpPort })}
        />
      </div>
    </details>
  );
}
