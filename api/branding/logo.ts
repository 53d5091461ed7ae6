import { Agent, interceptors, request } from 'undici';
import type { Dispatcher } from 'undici';
import { withAuthorities } from '../../net/certificates.ts';
import { createEgressGuard, guardedConnector } from '../../net/egress.ts';
import type { EgressConfig } from '../../net/egress.ts';

const MOST_BYTES = 512 * 1024;
const TIMEOUT_MS = 10_000;
/** How long an image is served before it is fetched again, in ms. */
const KEPT_MS = 3_600_000;
/** How long a failure is believed: pages without a logo must not make a request each. */
const FAILURE_KEPT_MS = 30_000;
export const IMAGE_TYPES = ['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/svg+xml'];

export interface Logo {
  mediaType: string;
  bytes: Buffer;
}

interface Kept {
  url: string;
  until: number;
  logo: Promise<Logo | null>;
}

/**
 * The product's logo, fetched by us: a page behind a secret link loads nothing from another server. One image is kept in
 * memory, and a stale one is served where a new one cannot be had.
 */
export class Logos {
  readonly #dispatcher: Dispatcher;
  #kept: Kept | null = null;

  constructor({ egress, certificateAuthorities }: { egress: EgressConfig; certificateAuthorities: string | null }) {
    const connect = guardedConnector(createEgressGuard(egress), {
      timeoutMs: TIMEOUT_MS,
      certificateAuthorities: withAuthorities(certificateAuthorities) ?? null,
    });
    // Every hop of a redirect is a connection of its own through the guard.
    this.#dispatcher = new Agent({ connect }).compose(interceptors.redirect({ maxRedirections: 3 }));
  }

  /** null where there is no image to be had. `nowMs` is a monotonic time. */
  async find(url: string, nowMs = performance.now()): Promise<Logo | null> {
    const kept = this.#kept;
    if (kept?.url === url && nowMs < kept.until) return kept.logo;
    const before = kept?.url === url ? kept.logo : Promise.resolve(null);
    const entry: Kept = { url, until: nowMs + KEPT_MS, logo: this.#fetch(url) };
    entry.logo = entry.logo.catch(() => {
      entry.until = nowMs + FAILURE_KEPT_MS;
      return before;
    });
    this.#kept = entry;
    return entry.logo;
  }

  /** An image that is only tried: the one that pages show stays kept. null where there is none to be had. */
  async preview(url: string): Promise<Logo | null> {
    return this.#kept?.url === url ? this.#kept.logo : this.#fetch(url).catch(() => null);
  }

  async #fetch(url: string): Promise<Logo> {
    const answer = await request(url, {
      dispatcher: this.#dispatcher,
      headers: { accept: IMAGE_TYPES.join(', ') },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const mediaType = String(answer.headers['content-type'] ?? '')
      .replace(/;.*/, '')
      .trim()
      .toLowerCase();
    const parts: Buffer[] = [];
    let length = 0;
    for await (const part of answer.body as AsyncIterable<Buffer>) {
      parts.push(part);
      length += part.length;
      if (length > MOST_BYTES) break; // ends the connection
    }
    const isImage = answer.statusCode === 200 && IMAGE_TYPES.includes(mediaType);
    if (!isImage || length > MOST_BYTES) throw new Error('The answer is no image that can be shown');
    return { mediaType, bytes: Buffer.concat(parts) };
  }

  close(): Promise<void> {
    return this.#dispatcher.close();
  }
}
