import type { IncomingHttpHeaders } from 'node:http';

/** The servers behind the front end; a subscription lives in the memory of one. */
const BACK_ENDS = ['EX01', 'EX02'] as const;
export type BackEnd = (typeof BACK_ENDS)[number];

const COOKIE = 'X-BackEndOverrideCookie';

/**
 * Chooses the server of a request as Exchange's front end does: by the affinity cookie, by the mailbox in
 * `X-AnchorMailbox`, else the next one.
 * https://learn.microsoft.com/exchange/client-developer/exchange-web-services/how-to-maintain-affinity-between-group-of-subscriptions-and-mailbox-server
 */
export class FrontEnd {
  #turn = 0;

  backEndOf(headers: IncomingHttpHeaders): BackEnd {
    const [, named] =
      new RegExp(`${COOKIE}=(EX0[12])~`).exec(prefersAffinity(headers) ? (headers.cookie ?? '') : '') ?? [];
    const kept = BACK_ENDS.find((one) => one === named);
    if (kept) return kept;
    const anchor = String(headers['x-anchormailbox'] ?? '');
    const at = anchor === '' ? this.#turn++ : Buffer.from(anchor.toLowerCase()).reduce((sum, byte) => sum + byte, 0);
    return BACK_ENDS[at % BACK_ENDS.length] ?? 'EX01';
  }

  /** The headers by which a client comes back to this server, where it asks for that. */
  affinity(headers: IncomingHttpHeaders, backEnd: BackEnd): Record<string, string> {
    if (!prefersAffinity(headers)) return {};
    return { 'set-cookie': `${COOKIE}=${backEnd}~1941996295; path=/; secure; HttpOnly` };
  }
}

const prefersAffinity = (headers: IncomingHttpHeaders) => headers['x-preferserveraffinity'] === 'true';
