import { insertLink } from '../../db/access/links.ts';
import type { LinkRow, LinkSpec } from '../../db/access/links.ts';
import type { ChannelRow } from '../../db/channels/channels.ts';
import type { Transaction } from '../../db/client.ts';
import { newId } from '../../db/ids.ts';
import type { ApiContext } from '../api-context.ts';
import { randomText, sha256 } from '../../crypto/random-secrets.ts';

/** How long a link can be used for, in ms. */
export const LINK_LIFE_MS = 24 * 3_600_000;

interface NewLink {
  tenantId: string;
  purpose: LinkRow['purpose'];
  channelId: string | null;
  spec: LinkSpec;
  returnTo: string | null;
  /** The origin of the page that opens it in a popup. */
  origin: string | null;
  /** A banner's link: its id, and the random part that is derived from it. Left out: both are random. */
  forBanner?: { id: string; secret: string };
}

/** Makes a link. Its address is told once, here: what is stored is a hash (S-32). */
export async function createLink(context: ApiContext, tx: Transaction, link: NewLink, now: Date) {
  const { forBanner, ...values } = link;
  const { id, secret } = forBanner ?? { id: newId('lnk'), secret: randomText() };
  const expiresAt = new Date(now.getTime() + LINK_LIFE_MS);
  const facts = { id, hash: sha256(secret), forBanner: forBanner !== undefined, expiresAt, createdAt: now };
  const row = await insertLink(tx, { ...values, ...facts });
  return {
    id: row.id,
    url: linkUrl(context, secret),
    purpose: row.purpose,
    expires_at: expiresAt.toISOString(),
  };
}

export const linkUrl = ({ config }: ApiContext, secret: string): string => `${config.publicUrl}/connect/${secret}`;

/** What a link to sign in again asks for: the channel's own access, unchanged. */
export function reauthorizeSpec({ kind, owner, accessType, uses, importMode, namespaces }: ChannelRow): LinkSpec {
  return {
    kind,
    owner,
    accessTypes: [accessType],
    uses,
    import: importMode,
    importFrom: null,
    mailbox: null,
    namespaces,
  };
}
