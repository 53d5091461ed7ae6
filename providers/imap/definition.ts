import { z } from 'zod';
import { defineProvider } from '../definition.ts';
import { createImapProvider } from './adapter.ts';

/** Offered always: its servers are named by the people who connect, or are those of a provider that gives tokens. */
export const imap = defineProvider({
  name: 'imap',
  variables: { IMAP_AUTOCONFIG_URL: z.url().optional() },
  configure: ({ IMAP_AUTOCONFIG_URL: autoconfigUrl }, surroundings) => [
    createImapProvider({ ...surroundings, autoconfigUrl }),
  ],
});
