import type { Dovecot } from '../test/support/dovecot.ts';
import type { Target } from './load.ts';
import type { Mooring } from './mooring.ts';
import { cpuTimes } from './processes.ts';
import type { CpuTimes, Program } from './processes.ts';

/** What every part of the bench works with. */
export interface Setting {
  mooring: Mooring;
  limitServer: Program;
  /** How long each part measures, in seconds. */
  seconds: number;
  /** How many idle channels of each kind. */
  channels: number;
  /** How many messages an import has, one size after the other. */
  sizes: number[];
  /** Which kinds of mailbox are imported from, or idle. */
  from: string[];
  /** In which import modes channels are idle. */
  modes: string[];
  /** A real IMAP server; null where none is installed. */
  dovecot: Dovecot | null;
}

/** A channel's token, read from Mooring. */
export function mooringRead({ mooring }: Setting, channelId: string, origin = mooring.run.api): Target {
  const headers = { authorization: `Bearer ${mooring.run.api_key}` };
  return { origin, path: `/v1/channels/${channelId}/access-token`, headers };
}

/** The same token, read from the bare server. */
export function limitRead({ limitServer }: Setting, channelId: string): Target {
  return { origin: String(limitServer.ready), path: `/v1/channels/${channelId}/access-token`, headers: {} };
}

/** CPU time used so far by Mooring's processes, by the limit's, and by the bench's own. */
export function cpuNow({ mooring }: Setting, others: Record<string, number> = {}): CpuTimes {
  const { start: _, ...pids } = mooring.pids();
  return cpuTimes({ ...pids, ...others, bench: process.pid });
}
