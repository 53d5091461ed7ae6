import { randomBytes } from 'node:crypto';

/** A record as a query shows it. */
export interface Shown {
  readonly attributes: { readonly type: string; readonly url: string };
}

/** A locator lives for two days, and a user has ten; they are not kept over a restart. */
const LOCATOR_LIFE_MS = 2 * 24 * 3_600_000;
const MOST_LOCATORS = 10;

interface Located {
  readonly records: readonly Shown[];
  readonly user: string;
  readonly at: number;
}

/** Results that are read page by page: what a query found stays as it was found. */
export class Locators {
  readonly #results = new Map<string, Located>();

  keep(user: string, records: readonly Shown[], now: number): string {
    const own = [...this.#results].filter(([, result]) => result.user === user);
    const [oldest] = own;
    if (own.length >= MOST_LOCATORS && oldest) this.#results.delete(oldest[0]);
    const locator = `01g${randomBytes(9).toString('hex').slice(0, 15)}`;
    this.#results.set(locator, { records, user, at: now });
    return locator;
  }

  find(locator: string, now: number): readonly Shown[] | undefined {
    const result = this.#results.get(locator);
    return result && now - result.at <= LOCATOR_LIFE_MS ? result.records : undefined;
  }

  clear(): void {
    this.#results.clear();
  }
}
