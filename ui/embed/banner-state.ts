import type { BannerState } from '../../api/schemas/banner.ts';
import { SERVER } from './server.ts';

export type Channel = BannerState['channels'][number];

const EVERY_MS = 30_000;
const LONGEST_MS = 300_000;
/** A page that comes to the front again looks at once, unless it just did. */
const RECENT_MS = 5_000;

interface Listener {
  /** Called whenever the state was read. */
  onState(channels: Channel[]): void;
  /** The token is refused: it has expired, and only the product can make another. */
  onRefused(): void;
}

/** Reads the banner's state every 30 s while the page is in front, less often while it cannot be read. */
export class StateReader {
  readonly #token: string;
  readonly #language: string;
  readonly #listener: Listener;
  #timer = 0;
  #failures = 0;
  #readAt = -Infinity;
  #stopped = false;

  constructor({ token, language, listener }: { token: string; language: string; listener: Listener }) {
    this.#token = token;
    this.#language = language;
    this.#listener = listener;
    document.addEventListener('visibilitychange', this.#comeBack);
    window.addEventListener('focus', this.#comeBack);
    void this.read();
  }

  async read(): Promise<void> {
    if (this.#stopped) return;
    window.clearTimeout(this.#timer);
    this.#readAt = performance.now();
    const answer = await this.#ask();
    // Attributes may have changed meanwhile.
    if (this.#isStopped()) return;
    if (answer === 'refused') {
      this.stop();
      this.#listener.onRefused();
      return;
    }
    this.#failures = answer === 'failed' ? this.#failures + 1 : 0;
    window.clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => this.#tick(), Math.min(EVERY_MS * 2 ** this.#failures, LONGEST_MS));
    if (answer !== 'failed') this.#listener.onState(answer);
  }

  stop(): void {
    this.#stopped = true;
    window.clearTimeout(this.#timer);
    document.removeEventListener('visibilitychange', this.#comeBack);
    window.removeEventListener('focus', this.#comeBack);
  }

  #isStopped(): boolean {
    return this.#stopped;
  }

  /** Behind other pages nothing is asked; `#comeBack` goes on. */
  #tick(): void {
    if (document.visibilityState === 'visible') void this.read();
  }

  readonly #comeBack = (): void => {
    if (document.visibilityState !== 'visible' || performance.now() - this.#readAt < RECENT_MS) return;
    void this.read();
  };

  async #ask(): Promise<Channel[] | 'refused' | 'failed'> {
    try {
      const headers = { Authorization: `Bearer ${this.#token}`, 'Accept-Language': this.#language };
      const response = await fetch(`${SERVER}/banner/state`, { headers, credentials: 'omit', cache: 'no-store' });
      if (response.status === 401) return 'refused';
      return response.ok ? ((await response.json()) as BannerState).channels : 'failed';
    } catch {
      return 'failed';
    }
  }
}
