import { parseCookie } from 'undici';

/** A session needs a few cookies; a server that sets them without end is cut off here. */
const MOST_COOKIES = 50;

/**
 * The cookies of one session (RFC 6265), each returned to the origin that set it alone. They stay in memory, because
 * some are as good as a login.
 */
export class CookieJar {
  /** `name=value` as it came, by name, by origin. */
  readonly #kept = new Map<string, Map<string, string>>();

  /** The `cookie` header of a request; null without any. */
  headerFor({ origin }: URL): string | null {
    const cookies = [...(this.#kept.get(origin)?.values() ?? [])];
    return cookies.length === 0 ? null : cookies.join('; ');
  }

  keep({ origin }: URL, setCookie: string | string[] | undefined): void {
    const cookies = this.#kept.get(origin) ?? new Map<string, string>();
    this.#kept.set(origin, cookies);
    for (const line of [setCookie ?? []].flat()) {
      const cookie = parseCookie(line);
      if (cookie === null) continue;
      const isOver = cookie.maxAge === undefined ? isPast(cookie.expires) : cookie.maxAge <= 0;
      if (isOver) cookies.delete(cookie.name);
      else if (cookies.has(cookie.name) || cookies.size < MOST_COOKIES) {
        cookies.set(cookie.name, `${cookie.name}=${cookie.value}`);
      }
    }
  }
}

/** A server deletes a cookie by a date long ago; no session lives to see another one pass. */
function isPast(expires: Date | number | undefined): boolean {
  return expires !== undefined && new Date(expires).getTime() <= 86_400_000;
}
