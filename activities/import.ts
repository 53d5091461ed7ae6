import type { Context } from '../context.ts';
import type { ImportRow } from '../db/imports.ts';

/** What a poll came to. */
export interface PollAnswer {
  /**
   * `nothing` new; `stored` all that was new; `more`: an import with cause `poll` is left running, its workflow has to
   * be started; `needs_refresh`: the access token is spent or refused, a refresh is asked for; `refused`: the provider
   * said no or did not answer, which is recorded; `gone`: there is no such channel, or nothing to reach it by.
   */
  outcome: 'nothing' | 'stored' | 'more' | 'needs_refresh' | 'refused' | 'gone';
  /** Messages that became visible. */
  stored: number;
  importId: string | null;
}

export interface SliceAnswer {
  done: boolean;
  state: ImportRow['state'];
  /** 0: go on at once. */
  waitMs: number;
  /** Why it waits, in words for an operator; null while it goes on. */
  waitingFor: string | null;
  counts: ImportCounts;
  /** The provider's guess of the total; null without one. */
  estimate: number | null;
}

export interface ImportCounts {
  found: number;
  imported: number;
  alreadyHad: number;
  skipped: number;
  repaired: number;
  missing: number;
}

export interface ImportInput {
  tenantId: string;
  channelId: string;
  importId: string;
}

export async function pollChannel(
  context: Context,
  input: { tenantId: string; channelId: string },
): Promise<PollAnswer> {
  throw new Error(`not yet: ${context.config.port} ${input.channelId}`);
}

/** The activities of the import queues. Each is bounded, and idempotent: whatever is killed, it is simply run again. */
export function createImportActivities(context: Context) {
  return {
    importSlice: async (input: ImportInput): Promise<SliceAnswer> => {
      throw new Error(`not yet: ${context.config.port} ${input.channelId}`);
    },
    poll: (input: { tenantId: string; channelId: string }) => pollChannel(context, input),
  };
}

export type ImportActivities = ReturnType<typeof createImportActivities>;
