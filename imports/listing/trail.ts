import { createHash } from 'node:crypto';
import { ProviderError } from '../../domain/verdict.ts';
import { verdict } from '../../domain/verdict-builders.ts';
import type { ListedItem } from '../../providers/contract.ts';

/** How often a listing may lead back to a page: a provider may repeat one, and goes on after it. */
const MOST_RETURNS = 3;
/**
 * The pages of one listing in one stretch. A page token that repeats would be followed for ever, with a request each
 * few milliseconds.
 */
export class ListingTrail {
  readonly #passed = new Set<string>();
  readonly #pages = new Set<string>();
  #returns = 0;

  /** Notes a step from one position or cursor to the next; throws when the listing leads in a circle. */
  step(from: string | null, to: string | null): void {
    if (from === null) this.#passed.clear();
    else this.#passed.add(from);
    if (to !== null && this.#passed.has(to) && ++this.#returns > MOST_RETURNS) throw noProgress();
  }

  /** Whether a page like this one was here before, or it is empty. */
  isIdle(items: readonly ListedItem[]): boolean {
    if (items.length === 0) return true;
    const ids = items.map(({ generation, providerId }) => `${generation} ${providerId}`).toSorted();
    const digest = createHash('sha256').update(ids.join('\n')).digest('base64');
    const isKnown = this.#pages.has(digest);
    this.#pages.add(digest);
    return isKnown;
  }
}

/** The provider's failure, which a retry may end. */
export function noProgress(): ProviderError {
  const failure = verdict('transient', 'provider_unavailable', { providerCode: 'listing_without_progress' });
  return new ProviderError('The listing leads to no new page', failure);
}
