import type { MessageRow } from '../../db/messages/message-feed.ts';
import { isoOrNull } from './time.ts';
import type { Message } from '../schemas/messages.ts';

/** A message's envelope; its content is read apart. */
export function presentMessage(row: MessageRow): Message {
  return {
    id: row.id,
    channel: row.channelId,
    provider_id: row.providerId,
    message_id: row.messageId,
    folder: row.folder,
    subject: row.subject,
    from: row.sender,
    to: row.recipients,
    date: isoOrNull(row.date),
    size: row.size,
    media_type: row.mediaType,
    revision: row.revision,
    backfilled: row.backfilled,
    import: row.importId,
    stored_at: row.storedAt.toISOString(),
  };
}
