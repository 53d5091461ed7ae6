import type { Database } from '../client.ts';
import { findMessagePart } from './message-feed.ts';

/** A part of a stored content is gone: another process has deleted it. */
export class ContentMissing extends Error {
  constructor(contentId: string) {
    super(`The content ${contentId} is missing, or a part of it`);
    this.name = 'ContentMissing';
  }
}

interface StoredContent {
  tenantId: string;
  contentId: string;
  /** The numbers of its parts, in order. */
  parts: Iterable<number>;
}

interface Decrypting {
  database: Database;
  vault: {
    decrypt(
      jwe: string,
      binding: { tenant: string; owner: string; kind: 'message_part'; version: number },
    ): Promise<Uint8Array>;
  };
}

/** Decrypts a content part by part: a large one is never held whole, and a slow reader holds no connection. */
export async function* readStoredParts(
  { database, vault }: Decrypting,
  { tenantId, contentId, parts }: StoredContent,
): AsyncGenerator<Uint8Array> {
  for (const part of parts) {
    const jwe = await database.inTenant(tenantId, (tx) => findMessagePart(tx, contentId, part));
    if (jwe === null) throw new ContentMissing(contentId);
    yield await vault.decrypt(jwe, { tenant: tenantId, owner: contentId, kind: 'message_part', version: part });
  }
}
