import { findApiKeyByHash } from '../../db/access/api-keys.ts';
import type { ApiKeyRow } from '../../db/access/api-keys.ts';
import { lookUp } from '../../db/across-tenants/reach.ts';
import type { Context } from '../../runtime/context.ts';
import type { Turns } from '../limits/turns.ts';

/** A key is read again after this, in ms, so that a revocation counts everywhere within seconds (S-32). */
const READ_AGAIN_MS = 2_000;
const MOST_KEYS = 1_000;

/** The API keys that this process has seen, by their hash. */
export class KnownKeys {
  readonly #database: Context['database'];
  readonly #lookups: Turns;
  readonly #keys = new Map<string, { key: ApiKeyRow; readAtMs: number }>();
  /** By hash: a thousand requests with one key read it once. */
  readonly #reading = new Map<string, Promise<ApiKeyRow | null>>();

  constructor({ database }: Pick<Context, 'database'>, lookups: Turns) {
    this.#database = database;
    this.#lookups = lookups;
  }

  /** A key's row, at most two seconds old; null when there is none. Text that was never a key waits for its turn. */
  async find(hash: string): Promise<ApiKeyRow | null> {
    const known = this.#keys.get(hash);
    if (known && performance.now() - known.readAtMs < READ_AGAIN_MS) return known.key;
    const reading = this.#reading.get(hash) ?? this.#read(hash, known !== undefined);
    this.#reading.set(hash, reading);
    return reading.finally(() => this.#reading.delete(hash));
  }

  async #read(hash: string, isKnown: boolean): Promise<ApiKeyRow | null> {
    const read = () => lookUp(this.#database, (tx) => findApiKeyByHash(tx, hash));
    const key = await (isKnown ? read() : this.#lookups.take(read));
    this.#keys.delete(hash);
    if (!key) return null;
    if (this.#keys.size >= MOST_KEYS) this.#forgetOldest();
    this.#keys.set(hash, { key, readAtMs: performance.now() });
    return key;
  }

  #forgetOldest(): void {
    const [oldest] = this.#keys.keys();
    if (oldest !== undefined) this.#keys.delete(oldest);
  }
}
