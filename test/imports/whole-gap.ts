import { expect } from 'vitest';
import type { Stage } from '../support/stage.ts';
import { idsOf, importing, messageIds } from './importing.ts';

/** Loses the cursors of a channel, lets `count` messages come into three folders, and expects each of them once. */
export async function expectWholeGap(
  { context, sandbox }: Stage,
  { provider, email, channelId, count }: { provider: string; email: string; channelId: string; count: number },
): Promise<void> {
  const { stored, queue, settle, finish, receipt } = importing(context);
  const known = await sandbox.deliver(provider, email, 5);
  await settle(channelId);
  await sandbox.fault(provider, email, 'cursor_expired');
  const folders = ['INBOX', 'Projects', 'Archive'];
  const sizes = folders.map((_folder, i) => Math.floor((count + i) / folders.length));
  const missed = await Promise.all(folders.map((folder, i) => sandbox.deliver(provider, email, sizes[i]!, { folder })));
  const importId = await queue(channelId, { cause: 'reauthorized' });
  expect((await finish(channelId, importId)).done).toBe(true);
  expect(idsOf(await stored(channelId))).toEqual(messageIds([...known, ...missed.flat()]));
  expect(await receipt(importId)).toMatchObject({ found: count, imported: count, missing: 0 });
}
