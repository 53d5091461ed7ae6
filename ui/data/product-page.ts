import type { ConnectSession } from '../../api/schemas/connect.ts';
import { BACK } from '../embed/popup-message.ts';
import type { PopupMessage } from '../embed/popup-message.ts';

type Result = NonNullable<ConnectSession['result']>;

/** The product's page that opened this window; null: none, or the provider's page has parted the two. */
export function productPage({ origin }: Pick<ConnectSession, 'origin'>): Window | null {
  return origin === null ? null : (window.opener as Window | null);
}

/** Posts a sign-in's result to the page that opened this window. A page of another origin than the link's gets nothing. */
export function tellProduct(session: ConnectSession, result: Result): void {
  const message: PopupMessage = { type: 'mooring', result };
  productPage(session)?.postMessage(message, session.origin ?? window.location.origin);
}

const OUTCOME = ['status', 'channel', 'code'];

/** Where the product wants the person after the provider's page, with the outcome that the callback gave; null: nowhere. */
export function returnAddressOf({ return_to: returnTo }: ConnectSession, outcome: URLSearchParams): string | null {
  if (returnTo === null || !outcome.has('status')) return null;
  const target = new URL(returnTo);
  for (const name of OUTCOME) {
    const value = outcome.get(name);
    if (value !== null) target.searchParams.set(name, value);
  }
  return target.href;
}

const keyOf = (link: string) => `mooring.back.${link}`;

/**
 * The page of the product that was left for this link, on a phone; null: not known. It comes in the link's fragment, which
 * is gone after the provider's page, and counts only if it is of the link's origin.
 */
export function pageLeft(link: string, { origin }: Pick<ConnectSession, 'origin'>): string | null {
  const given = new URLSearchParams(window.location.hash.slice(1)).get(BACK);
  if (given !== null) sessionStorage.setItem(keyOf(link), given);
  const page = sessionStorage.getItem(keyOf(link));
  return page !== null && URL.canParse(page) && new URL(page).origin === origin ? page : null;
}
