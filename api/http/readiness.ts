import { findSchemaVersion } from '../../db/across-tenants/operator-figures.ts';
import { NEWEST_MIGRATION } from '../../db/newest-migration.ts';
import type { Context } from '../../runtime/context.ts';
import { engineAnswers, inTime } from './engine-health.ts';

/** How long an answer serves, in ms. Anyone may ask, as often as they like: a process asks its servers once a second. */
const SERVES_MS = 1_000;

/** What keeps this process from serving, in words for an operator. */
export class Readiness {
  readonly #context: Pick<Context, 'database' | 'temporal'>;
  #last: { askedAtMs: number; troubles: Promise<string[]> } | null = null;

  constructor(context: Pick<Context, 'database' | 'temporal'>) {
    this.#context = context;
  }

  troubles(): Promise<string[]> {
    const nowMs = performance.now();
    if (this.#last === null || nowMs - this.#last.askedAtMs >= SERVES_MS) {
      this.#last = { askedAtMs: nowMs, troubles: this.#ask() };
    }
    return this.#last.troubles;
  }

  async #ask(): Promise<string[]> {
    const troubles = await Promise.all([this.#databaseTrouble(), this.#engineTrouble()]);
    return troubles.filter((trouble) => trouble !== null);
  }

  async #databaseTrouble(): Promise<string | null> {
    const version = await inTime(this.#context.database.outsideTenants(findSchemaVersion)).catch(() => undefined);
    if (version === undefined) return 'the database does not answer';
    return (version ?? 0) >= NEWEST_MIGRATION ? null : 'the database has an older schema than this process';
  }

  async #engineTrouble(): Promise<string | null> {
    return (await engineAnswers(this.#context)) ? null : 'the workflow engine does not answer';
  }
}
