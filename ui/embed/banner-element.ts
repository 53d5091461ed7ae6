import { StateReader } from './banner-state.ts';
import type { Channel } from './banner-state.ts';
import { bannerStyle } from './banner-style.ts';
import { wordsIn } from './embed-words.ts';
import { open } from './open.ts';

/** Channels that are shown before the person asks for all. */
const FIRST = 3;
/** The channel works within seconds after the sign-in. */
const SOON_MS = [500, 2_500, 6_000];

/**
 * `<mooring-banner token="…">`: nothing while all is well, else which channel needs whom, why, and a button. It tells the
 * page by events: `mooring-state` (the channels), `mooring-success`, `mooring-exit`, and `mooring-token-refused`, after
 * which the page sets a new `token`.
 */
export class MooringBanner extends HTMLElement {
  static readonly observedAttributes = ['token', 'lang'];

  readonly #root = this.attachShadow({ mode: 'open' });
  readonly #announced = element('div', { ariaLive: 'polite' });
  #reader: StateReader | null = null;
  #channels: Channel[] = [];
  #all = false;
  #shown = '';

  connectedCallback(): void {
    this.#root.adoptedStyleSheets = [bannerStyle()];
    this.#root.replaceChildren(this.#announced);
    this.#start();
  }

  disconnectedCallback(): void {
    this.#reader?.stop();
    this.#reader = null;
  }

  attributeChangedCallback(): void {
    if (this.isConnected) this.#start();
  }

  /** Reads the state now. */
  async refresh(): Promise<void> {
    await this.#reader?.read();
  }

  #start(): void {
    this.#reader?.stop();
    this.#reader = null;
    const token = this.getAttribute('token');
    if (!token) return this.#show([]);
    const listener = {
      onState: (channels: Channel[]) => this.#show(channels),
      onRefused: () => this.#tell('mooring-token-refused', {}),
    };
    this.#reader = new StateReader({ token, language: this.#words().locale, listener });
  }

  /** In the language of the place where the banner stands, else of the browser. */
  #words() {
    const own = this.closest<HTMLElement>('[lang]')?.lang;
    return wordsIn(own ? [own, ...navigator.languages] : navigator.languages);
  }

  #show(channels: Channel[]): void {
    this.#channels = channels;
    this.#render();
    this.#tell('mooring-state', { channels });
  }

  /** Only a change is drawn: a screen reader repeats nothing, and a focused button stays. */
  #render(): void {
    const { locale } = this.#words();
    const said = this.#channels.map(({ id, status, message, reauthorize_url: url }) => [
      id,
      status,
      message,
      url !== null,
    ]);
    const next = JSON.stringify([locale, this.#all, said]);
    if (next === this.#shown) return;
    this.#shown = next;
    this.toggleAttribute('data-shown', this.#channels.length > 0);
    this.#announced.replaceChildren(...(this.#channels.length > 0 ? [this.#section()] : []));
  }

  #section(): HTMLElement {
    const { locale, words } = this.#words();
    const listed = this.#all ? this.#channels : this.#channels.slice(0, FIRST);
    const list = element('ul', {}, ...listed.map((channel) => this.#item(channel)));
    // Safari takes the role away from a list without bullets.
    list.setAttribute('role', 'list');
    const section = element('section', { lang: locale, ariaLabel: words.region }, list);
    section.setAttribute('role', 'region');
    if (listed.length < this.#channels.length) section.append(this.#more());
    return section;
  }

  #item(channel: Channel): HTMLElement {
    const { words } = this.#words();
    const { id, email, status, message, reauthorize_url: url } = channel;
    const isSignIn = status === 'reauth_required';
    const head = element(
      'p',
      { className: 'head' },
      element('span', { className: 'email', textContent: email }),
      element('span', { className: 'state', textContent: isSignIn ? words.signInNeeded : words.blocked }),
    );
    const text = element('p', { className: 'message', textContent: message });
    const item = element('li', {}, element('div', { className: 'words' }, head, text));
    if (url === null) return item;
    const button = element('button', {
      type: 'button',
      textContent: isSignIn ? words.signIn : words.details,
      ariaLabel: isSignIn ? words.signInAs(email) : words.detailsOf(email),
    });
    // The link of the last state: an earlier one may have expired.
    button.addEventListener('click', () =>
      this.#open(this.#channels.find((one) => one.id === id)?.reauthorize_url ?? url),
    );
    item.append(button);
    return item;
  }

  #more(): HTMLElement {
    const { words } = this.#words();
    const button = element('button', {
      type: 'button',
      className: 'more',
      textContent: words.showAll(this.#channels.length),
    });
    button.addEventListener('click', () => {
      this.#all = true;
      this.#render();
      this.#root.querySelectorAll<HTMLElement>('li')[FIRST]?.querySelector('button')?.focus();
    });
    return button;
  }

  #open(url: string): void {
    open(url, {
      onSuccess: (connected) => {
        this.#tell('mooring-success', connected);
        for (const ms of SOON_MS) window.setTimeout(() => void this.refresh(), ms);
      },
      onExit: (exit) => {
        this.#tell('mooring-exit', exit);
        void this.refresh();
      },
    });
  }

  #tell(name: string, detail: object): void {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }
}

function element<K extends keyof HTMLElementTagNameMap>(
  name: K,
  properties: Partial<HTMLElementTagNameMap[K]>,
  ...children: Node[]
): HTMLElementTagNameMap[K] {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}
