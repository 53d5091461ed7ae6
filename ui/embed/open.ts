import type { ConnectSession } from '../../api/schemas/connect.ts';
import { BACK, isPopupMessage } from './popup-message.ts';
import { SERVER } from './server.ts';

interface Connected {
  /** The channel's id. */
  channel: string;
}

interface Exit {
  /** The code of the last failed sign-in; null: the window was closed before one. */
  code: string | null;
}

export interface Callbacks {
  /** The person signed in. */
  onSuccess?(connected: Connected): void;
  /**
   * The window was closed before. A provider's page may part the window from this one, which looks like closing it:
   * `onSuccess` then still follows.
   */
  onExit?(exit: Exit): void;
}

const CLOSED_EVERY_MS = 400;
/** When a link is asked for its result after its window went, in ms. */
const LOOKS_MS = [5_000, 10_000, 20_000, 40_000, 80_000, 160_000, 320_000];

/**
 * Opens a link in a popup; on a phone, and where popups are blocked, in the page itself. Call it from a click. The link
 * needs this page's origin as its `origin`.
 */
export function open(url: string, callbacks: Callbacks = {}): { close(): void } {
  const link = new URL(url);
  if (link.origin !== new URL(SERVER).origin) throw new TypeError(`mooring.open: expected a link of ${SERVER}`);
  const popup = isPhone() ? null : window.open(link, '_blank', features());
  if (popup === null) {
    link.hash = new URLSearchParams({ [BACK]: window.location.href }).toString();
    window.location.assign(link);
    return { close() {} };
  }
  return new Visit(link, popup, callbacks);
}

/** One link in one window, until its result is known. */
class Visit {
  readonly #link: URL;
  readonly #popup: Window;
  readonly #callbacks: Callbacks;
  readonly #watch: number;
  #code: string | null = null;
  #over = false;

  constructor(link: URL, popup: Window, callbacks: Callbacks) {
    this.#link = link;
    this.#popup = popup;
    this.#callbacks = callbacks;
    this.#watch = window.setInterval(() => this.#look(), CLOSED_EVERY_MS);
    window.addEventListener('message', this.#hear);
  }

  /** Closes the window. */
  close(): void {
    this.#popup.close();
  }

  readonly #hear = ({ origin, source, data }: MessageEvent<unknown>): void => {
    if (origin !== this.#link.origin || source !== this.#popup || !isPopupMessage(data)) return;
    this.#take(data.result);
  };

  #take(result: ConnectSession['result']): boolean {
    if (result?.status === 'failed') this.#code = result.code;
    if (result?.status !== 'connected' || this.#over) return this.#over;
    this.#over = true;
    this.#stop();
    this.#callbacks.onSuccess?.({ channel: result.channel });
    return true;
  }

  #look(): void {
    if (!this.#popup.closed) return;
    this.#stop();
    void this.#afterwards();
  }

  /** The window is gone, or was parted from this page by a provider's: the link itself has the result. */
  async #afterwards(): Promise<void> {
    if (this.#take(await resultOf(this.#link))) return;
    this.#callbacks.onExit?.({ code: this.#code });
    for (const ms of LOOKS_MS) {
      await new Promise((resolve) => window.setTimeout(resolve, ms));
      if (this.#take(await resultOf(this.#link))) return;
    }
  }

  #stop(): void {
    window.clearInterval(this.#watch);
    window.removeEventListener('message', this.#hear);
  }
}

/** null: no sign-in yet, or the link has another origin than this page. */
async function resultOf({ origin, pathname }: URL): Promise<ConnectSession['result']> {
  try {
    const response = await fetch(`${origin}${pathname}/session`, { credentials: 'omit' });
    return response.ok ? ((await response.json()) as ConnectSession).result : null;
  } catch {
    return null;
  }
}

/** A popup is a tab there, and the way back from it is easily lost. */
function isPhone(): boolean {
  const { width, height } = window.screen;
  return window.matchMedia('(pointer: coarse)').matches && Math.min(width, height) < 600;
}

function features(): string {
  const [width, height] = [520, 720];
  const left = Math.max(0, window.screenX + (window.outerWidth - width) / 2);
  const top = Math.max(0, window.screenY + (window.outerHeight - height) / 3);
  return `popup,width=${width},height=${height},left=${Math.round(left)},top=${Math.round(top)}`;
}
