const KEY = 'mooring.link';

/**
 * Remembers which link this tab is following, so that a failed sign-in can go back to the link's page, where the
 * failure is explained, instead of to a list. Forgotten with the tab.
 */
export function rememberLink(url: string): void {
  sessionStorage.setItem(KEY, new URL(url, window.location.origin).pathname);
}

/** The path of the link this tab follows, or null. */
export function rememberedLink(): string | null {
  return sessionStorage.getItem(KEY);
}

export function forgetLink(): void {
  sessionStorage.removeItem(KEY);
}

/** Where a link that was started in these pages comes back to. */
export function returnAddress(): string {
  return new URL('/return', window.location.origin).href;
}
