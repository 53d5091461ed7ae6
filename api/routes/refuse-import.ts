import type { ChannelRow } from '../../db/channels/channels.ts';
import { Problem } from '../http/problem.ts';
import { LEFT, WORKING, isOneOf } from '../../domain/channel.ts';

/** Refuses an import that would wait for a person and look stuck; the sign-in causes one by itself. Throws. */
export function refuseImport({ status }: ChannelRow): void {
  if (isOneOf(WORKING, status)) return;
  if (isOneOf(LEFT, status)) {
    throw new Problem('disconnected', 'The channel is disconnected; nothing can be imported');
  }
  throw new Problem(
    'wrong_status',
    `The channel is ${status}; missed messages are imported once it is connected again`,
  );
}
