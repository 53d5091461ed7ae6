import type { ChannelRow } from '../db/channels/channels.ts';
import { letHappen } from './happenings.ts';
import type { Waking } from './wake.ts';

/** Pauses a channel: no polls, no reminders, until it is resumed. */
export async function pauseChannel({ tx, now, wake }: Waking, row: ChannelRow): Promise<ChannelRow> {
  const paused = await letHappen(tx, row, { type: 'paused' }, now);
  await wake(paused);
  return paused;
}

/** Resumes a channel. It polls at once; trouble from before the pause is checked, because it may be over. */
export async function resumeChannel({ tx, now, wake }: Waking, row: ChannelRow): Promise<ChannelRow> {
  const resumed = await letHappen(tx, row, { type: 'resumed' }, now, dueAtOnce(row, now));
  await wake(resumed);
  return resumed;
}

function dueAtOnce({ status, trouble }: ChannelRow, now: Date) {
  if (status !== 'paused') return {};
  return {
    nextPollAt: now,
    ...(trouble === 'credential' ? { refreshRequestedAt: now } : {}),
    ...(trouble === 'access' ? { checkRequestedAt: now } : {}),
  };
}
