import { defineProvider } from '../definition.ts';
import { createGmailProvider } from './adapter.ts';
import { googleConfig, googleVariables } from './configuration.ts';
import { createGoogleImapLogin } from './imap.ts';

export const google = defineProvider({
  name: 'google',
  variables: googleVariables,
  configure(given, { publicUrl, reserve }) {
    const config = googleConfig(given, publicUrl);
    return config ? [createGmailProvider(config, reserve)] : [];
  },
  imapLogin(given, { publicUrl }) {
    const config = googleConfig(given, publicUrl);
    return config && createGoogleImapLogin(config);
  },
});
