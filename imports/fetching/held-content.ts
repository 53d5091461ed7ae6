import { findHeldContent, holdContent } from '../../db/imports/held-content.ts';
import type { HeldContent } from '../../db/imports/held-content.ts';
import type { QuarantineKey } from '../../db/imports/quarantine.ts';
import { readStoredParts } from '../../db/messages/stored-parts.ts';
import type { HeldFacts } from '../../db/schema/imports.ts';
import type { Envelope, FetchedMessage, ListedItem } from '../../providers/contract.ts';
import type { ImportRun, PageWork, Stretch } from '../import-run.ts';
import { partsOf } from './content.ts';
import type { StoredContent } from './content.ts';

type Message = Extract<FetchedMessage, { outcome: 'message' }>;

const keyOf = ({ row, scope }: PageWork, { generation, providerId }: ListedItem): QuarantineKey => ({
  importId: row.id,
  scope: scope.scope,
  generation,
  providerId,
});

/**
 * Keeps the content of a message that is tried alone before it is parsed: should the parser refuse it, or die of it, a
 * later version parses it from here, whether or not the provider still has it.
 */
export async function holdMessage(
  { stretch, content }: ImportRun,
  work: PageWork,
  message: Message,
  { contentId, size }: StoredContent,
): Promise<void> {
  const { mediaType, receivedAt, folder, envelope, record } = message;
  const facts: HeldFacts = {
    mediaType,
    size,
    receivedAt: toText(receivedAt),
    folder,
    envelope: envelope ? { ...envelope, date: toText(envelope.date) } : null,
    record: record ?? null,
  };
  await content.flush();
  await stretch.context.database.inTenant(stretch.channel.tenantId, (tx) =>
    holdContent(tx, keyOf(work, message.item), { contentId, facts }),
  );
}

/** null for no date at all. */
const toText = (date: Date | null): string | null => date?.toJSON() ?? null;

/** Of the items of a replay, those whose content is held, as the provider returned them; the rest has to be fetched. */
export async function findHeldMessages(stretch: Stretch, work: PageWork): Promise<Message[]> {
  if (work.stage !== 'retrying' || !work.row.replaying) return [];
  const found: Message[] = [];
  for (const item of work.items) {
    const held = await stretch.context.database.inTenant(stretch.channel.tenantId, (tx) =>
      findHeldContent(tx, keyOf(work, item)),
    );
    if (held) found.push(messageOf(stretch, item, held));
  }
  return found;
}

function messageOf({ context, channel }: Stretch, item: ListedItem, { contentId, facts }: HeldContent): Message {
  const { mediaType, size, receivedAt, folder, envelope, record } = facts;
  const parts = Array.from({ length: partsOf(size) }, (_, part) => part);
  const raw = readStoredParts(context, { tenantId: channel.tenantId, contentId, parts });
  return {
    outcome: 'message',
    item,
    mediaType,
    raw,
    receivedAt: new Date(receivedAt ?? Number.NaN),
    folder,
    sizeEstimate: size,
    ...(envelope ? { envelope: envelopeOf(envelope) } : {}),
    ...(record ? { record } : {}),
  };
}

const envelopeOf = ({ date, ...envelope }: NonNullable<HeldFacts['envelope']>): Envelope => ({
  ...envelope,
  date: date === null ? null : new Date(date),
});
