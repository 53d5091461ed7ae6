import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { findMessage, listMessageParts } from '../../db/messages/message-feed.ts';
import type { MessageRow } from '../../db/messages/message-feed.ts';
import { readStoredParts } from '../../db/messages/stored-parts.ts';
import type { ApiContext } from '../api-context.ts';
import { tenantOf } from '../auth/reach.ts';
import { json, written } from '../http/answers.ts';
import { defineCall } from '../http/call.ts';
import { Problem, notFound } from '../http/problem.ts';
import type { Principal } from '../http/scopes.ts';
import { presentMessage } from '../presenters/message.ts';
import { attachmentParams, messageViewOut } from '../schemas/messages.ts';
import type { MessageView } from '../schemas/messages.ts';
import { idParams } from '../schemas/parts.ts';
import { readApart, UnreadableMail } from './read-apart.ts';
import type { ViewedMessage } from './read-message.ts';

const tag = 'Messages';
/** A larger one is read by its raw content alone. */
const MOST_BYTES = 64 * 1024 * 1024;

const view = defineCall({
  method: 'get',
  path: '/v1/messages/:id/view',
  operationId: 'viewMessage',
  summary: 'Read a message as a person does',
  description:
    'Text, HTML and the list of attachments. The HTML has no scripts, forms, links or remote pictures; show it in a sandboxed frame all the same. What cannot be read within bounds has `readable: false`: its raw content is whole.',
  tag,
  access: ['messages:read'],
  params: idParams('msg'),
  answers: { 200: json('The message, made readable', messageViewOut) },
  problems: ['content_gone'],
  async run({ context, principal, params: { id } }) {
    const { message, content } = await openContent(context, principal, id);
    const seen = await viewOf(message, content);
    return { status: 200, body: { message: presentMessage(message), ...(seen ? present(seen) : UNREADABLE) } };
  },
});

const attachment = defineCall({
  method: 'get',
  path: '/v1/messages/:id/attachments/:number',
  operationId: 'getAttachment',
  summary: 'Read an attachment of a message',
  description: 'Its bytes, as a file to save. `number` is the one that the view of the message gives it.',
  tag,
  access: ['messages:read'],
  params: attachmentParams,
  answers: { 200: written('The attachment', 'application/octet-stream') },
  problems: ['content_gone'],
  async run({ context, principal, params: { id, number }, response }) {
    const { content } = await openContent(context, principal, id);
    const found = content && (await orNull(readApart<Uint8Array | null>({ content, attachment: number })));
    if (!found) throw notFound('attachment');
    // Never a type that a browser would show: it would be a page of ours.
    response.set({
      'Content-Type': 'application/octet-stream',
      'Content-Disposition': `attachment; filename="attachment-${number}"`,
    });
    await pipeline(Readable.from([found], { objectMode: false }), response).catch(() => response.destroy());
    return { status: 200 };
  },
});

interface Opened {
  message: MessageRow;
  /** null: it is too large to be read here. */
  content: Uint8Array | null;
}

/** Throws 404, and 410 where the content was deleted. */
async function openContent(context: ApiContext, principal: Principal, id: string): Promise<Opened> {
  const tenantId = await tenantOf(context, principal, 'message', id);
  const found = await context.database.inTenant(tenantId, async (tx) => {
    const message = await findMessage(tx, id);
    return message && { message, parts: await listMessageParts(tx, message.contentId) };
  });
  if (!found) throw notFound('message');
  const { message, parts } = found;
  if (message.retiredAt !== null || parts.length === 0)
    throw new Problem('content_gone', 'The message was acknowledged and its retention is over');
  if (message.size > MOST_BYTES) return { message, content: null };
  const pieces: Uint8Array[] = [];
  for await (const piece of readStoredParts(context, { tenantId, contentId: message.contentId, parts })) {
    pieces.push(piece);
  }
  return { message, content: Buffer.concat(pieces) };
}

async function viewOf({ mediaType }: MessageRow, content: Uint8Array | null): Promise<ViewedMessage | null> {
  if (content === null) return null;
  if (mediaType === 'message/rfc822') return orNull(readApart<ViewedMessage>({ content, attachment: null }));
  const text = JSON.stringify(JSON.parse(Buffer.from(content).toString()), null, 2);
  return { text, html: null, remoteImages: 0, attachments: [], isCut: false };
}

async function orNull<T>(read: Promise<T>): Promise<T | null> {
  try {
    return await read;
  } catch (error) {
    if (error instanceof UnreadableMail) return null;
    throw error;
  }
}

const UNREADABLE: Omit<MessageView, 'message'> = {
  readable: false,
  text: null,
  html: null,
  remote_images: 0,
  attachments: [],
  cut: false,
};

const present = ({ text, html, remoteImages, attachments, isCut }: ViewedMessage): Omit<MessageView, 'message'> => ({
  readable: true,
  text,
  html,
  remote_images: remoteImages,
  attachments: attachments.map(({ number, name, mediaType, size }) => ({ number, name, media_type: mediaType, size })),
  cut: isCut,
});

export const messageViewCalls = [view, attachment];
