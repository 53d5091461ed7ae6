import type { Context } from '../../runtime/context.ts';

const WINDOW_MS = 60_000;
/** Kinds of refusals that are told apart in a minute; all further ones are counted as one. */
const MOST_KINDS = 1_000;

interface Refusals {
  address: string;
  kind: string;
  /** Beyond the first. */
  count: number;
}

/** Keeps refused requests from filling the log: the first of a kind from an address is logged, more of the minute are counted. */
export class RefusalLog {
  readonly #logger: Context['logger'];
  readonly #refusals = new Map<string, Refusals>();
  #timer: NodeJS.Timeout | null = null;

  constructor(logger: Context['logger']) {
    this.#logger = logger;
  }

  /** Whether a refusal is logged; otherwise it is counted. */
  isFirst(address: string, kind: string): boolean {
    this.#timer ??= setTimeout(() => this.tell(), WINDOW_MS).unref();
    const name = `${address} ${kind}`;
    const known = this.#refusals.get(name);
    if (known) {
      known.count += 1;
      return false;
    }
    if (this.#refusals.size < MOST_KINDS) {
      this.#refusals.set(name, { address, kind, count: 0 });
      return true;
    }
    const others = this.#refusals.get('') ?? { address: 'others', kind: 'others', count: 0 };
    this.#refusals.set('', { ...others, count: others.count + 1 });
    return false;
  }

  /** Logs the counts of this minute and begins the next one. */
  tell(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    for (const { address, kind, count } of this.#refusals.values()) {
      if (count > 0) this.#logger.info({ address, kind, count }, 'More such requests were refused');
    }
    this.#refusals.clear();
  }
}
