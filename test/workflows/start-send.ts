import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { findChannel } from '../../db/channels/channels.ts';
import { sendWorkflowId } from '../../domain/workflow/names.ts';
import { acceptSend } from '../../sending/accept.ts';
import type { Engine } from '../support/engine.ts';

/** Starts the workflow of a new message; returns its id. */
export async function startSend({ context }: Engine, channelId: string, email: string): Promise<string> {
  const channel = await context.database.inTenant('acme', (tx) => findChannel(tx, channelId));
  const text = `From: ${email}\r\nTo: ben@example.com\r\n\r\nHello.\r\n`;
  const given = {
    channel: channel!,
    keyHash: randomBytes(12).toString('hex'),
    raw: Readable.from([Buffer.from(text)]),
  };
  const accepted = await acceptSend(context, given, null);
  if (accepted.outcome !== 'started') throw new Error(accepted.outcome);
  const { id: sendId, attempt, tenantId } = accepted.send;
  await context.temporal.send({ tenantId, channelId, accessType: 'gmail', sendId, attempt }, 1_000);
  return sendWorkflowId(sendId, attempt);
}
