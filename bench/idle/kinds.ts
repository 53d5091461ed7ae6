import { connectExchange, connectGmail, connectImap, connectMicrosoft } from '../channels.ts';
import type { Channel } from '../channels.ts';
import type { Mooring } from '../mooring.ts';

/** Mailboxes of one access type, which are idle in one mode after the other. */
export interface Mailboxes {
  name: string;
  /** At the sandbox. */
  provider: 'google' | 'microsoft' | 'imap' | 'exchange';
  hasTokens: boolean;
  connect: (mooring: Mooring, email: string, importMode: string) => Promise<Channel>;
}

export interface Mode {
  name: string;
  import: 'off' | 'gap' | 'continuous';
  keepWarm: 'always' | 'when_used';
  /** Temporal actions a month that are aimed at. */
  aim: number;
}

export const MAILBOXES: Mailboxes[] = [
  { name: 'Gmail', provider: 'google', hasTokens: true, connect: connectGmail },
  { name: 'Microsoft', provider: 'microsoft', hasTokens: true, connect: connectMicrosoft },
  { name: 'IMAP', provider: 'imap', hasTokens: false, connect: connectImap },
  { name: 'Exchange', provider: 'exchange', hasTokens: false, connect: connectExchange },
];

/** The quietest first: nothing of an earlier mode disturbs a later one. */
export const MODES: [Mode, ...Mode[]] = [
  { name: 'off, when used', import: 'off', keepWarm: 'when_used', aim: 62 },
  { name: 'gap, when used', import: 'gap', keepWarm: 'when_used', aim: 62 },
  { name: 'continuous, always warm', import: 'continuous', keepWarm: 'always', aim: 1_475 },
];
