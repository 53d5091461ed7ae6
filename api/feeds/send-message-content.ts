import type { Response } from 'express';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Context } from '../../runtime/context.ts';
import type { MediaType } from '../../domain/messages/media-type.ts';
import { readStoredParts } from '../../db/messages/stored-parts.ts';

const FILE_NAMES: Record<MediaType, string> = { 'message/rfc822': 'message.eml', 'application/json': 'record.json' };

interface Content {
  tenantId: string;
  contentId: string;
  mediaType: MediaType;
  parts: number[];
}

/**
 * Sends a message part by part, so that a large one is never held whole and a slow reader holds no connection to the
 * database. When a part is missing or does not open, the connection is cut: half a message must not look like one.
 */
export async function sendMessageContent(context: Context, response: Response, content: Content): Promise<void> {
  const { mediaType } = content;
  response.set({ 'Content-Type': mediaType, 'Content-Disposition': `attachment; filename="${FILE_NAMES[mediaType]}"` });
  try {
    await pipeline(Readable.from(readStoredParts(context, content), { objectMode: false }), response);
  } catch (error) {
    const isReaderGone = (error as NodeJS.ErrnoException).code === 'ERR_STREAM_PREMATURE_CLOSE';
    if (!isReaderGone)
      context.logger.error(
        { err: error, contentId: content.contentId },
        'The content of a message was sent incompletely',
      );
    response.destroy();
  }
}
