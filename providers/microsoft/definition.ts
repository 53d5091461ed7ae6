import { defineProvider } from '../definition.ts';
import { createGraphProvider } from './adapter.ts';
import { microsoftConfig, microsoftVariables } from './configuration.ts';
import { createMicrosoftImapLogin } from './imap.ts';

export const microsoft = defineProvider({
  name: 'microsoft',
  variables: microsoftVariables,
  configure(given, { publicUrl, reserve }) {
    const config = microsoftConfig(given, publicUrl);
    return config ? [createGraphProvider(config, reserve)] : [];
  },
  imapLogin(given, { publicUrl }) {
    const config = microsoftConfig(given, publicUrl);
    return config && createMicrosoftImapLogin(config);
  },
});
