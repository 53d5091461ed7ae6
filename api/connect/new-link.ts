import { insertLink } from '../../db/access/links.ts';
import type { LinkRow, LinkSpec } from '../../db/access/links.ts';
import type { Transaction } from '../../db/client.ts';
import { newId } from '../../db/ids.ts';
import type { ApiContext } from '../api-context.ts';
import { randomText, sha256 } from '../../crypto/random-secrets.ts';

/** How long a link can be used for, in ms. */
const LINK_LIFE_MS = 24 * 3_600_000;

interface NewLink {
  tenantId: string;
  purpose: LinkRow['purpose'];
  channelId: string | null;
  spec: LinkSpec;
  returnTo: string | null;
}

/** Makes a link. Its address is told once, here: what is stored is a hash (S-32). */
export async function createLink(context: ApiContext, tx: Transaction, link: NewLink, now: Date) {
  const secret = randomText();
  const expiresAt = new Date(now.getTime() + LINK_LIFE_MS);
  const row = await insertLink(tx, { ...link, id: newId('lnk'), hash: sha256(secret), expiresAt, createdAt: now });
  return {
    id: row.id,
    url: `${context.config.publicUrl}/connect/${secret}`,
    purpose: row.purpose,
    expires_at: expiresAt.toISOString(),
  };
}
