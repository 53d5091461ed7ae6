import { NativeSelect, TextInput } from '@mantine/core';
import type { PasswordEntry } from '../../data/password-body.ts';
import { useWords } from './speaking.tsx';

type Security = PasswordEntry['security'];

interface FieldsProps {
  /** Before the fields' names in the form. */
  prefix?: 'smtp_' | '';
  security: Security;
  port: string;
  /** The port of each encryption. */
  ports: Record<'tls' | 'starttls', string>;
  error?: (field: 'security' | 'port') => string | undefined;
  onSecurity: (security: Security) => void;
  onPort: (port: string) => void;
}

/** How a mail server is reached beside its name. */
export function EncryptionAndPort({ prefix = '', security, port, ports, error, onSecurity, onPort }: FieldsProps) {
  const { words } = useWords();
  const { form } = words;
  return (
    <>
      <NativeSelect
        name={`${prefix}security`}
        label={form.encryption}
        value={security}
        error={error?.('security')}
        data={[
          { value: '', label: form.byPort },
          { value: 'tls', label: 'TLS' },
          { value: 'starttls', label: 'STARTTLS' },
        ]}
        onChange={(event) => onSecurity(event.currentTarget.value as Security)}
      />
      <TextInput
        name={`${prefix}port`}
        label={form.port}
        inputMode="numeric"
        pattern="[0-9]{1,5}"
        placeholder={ports[security || 'tls']}
        value={port}
        error={error?.('port')}
        onChange={(event) => onPort(event.currentTarget.value)}
      />
    </>
  );
}
