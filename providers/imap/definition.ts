import { defineProvider } from '../definition.ts';
import { createImapProvider } from './adapter.ts';

/** Offered always: its servers are named by the people who connect. */
export const imap = defineProvider({
  name: 'imap',
  variables: {},
  configure: (_given, surroundings) => [createImapProvider(surroundings)],
});
