import type { ConnectionContext } from '../../domain/connection-context.ts';
import { isObject, parseJson } from '../answers/text.ts';
import type { ProviderFile } from './file-format.ts';
import { filled, namesIn, textAt } from './templates.ts';

/** An address of a file, filled in. */
interface Address {
  url: URL;
  /** A token answer told it: it is reached through the egress guard. */
  isTold: boolean;
}

/** The servers of a file: those with one address, and those with an address per connection. */
export class Addresses {
  readonly #servers: ProviderFile['servers'];

  /** @param replaced what the environment has in place of servers of the file */
  constructor(servers: ProviderFile['servers'], replaced: Readonly<Record<string, string>>) {
    this.#servers = { ...servers, ...replaced };
  }

  /** null where the connection has no such server. */
  of(template: string, context: ConnectionContext): Address | null {
    const isTold = namesIn(template).some((name) => typeof this.#servers[name] === 'object');
    const text = filled(template, (name) => {
      const server = this.#servers[name];
      return typeof server === 'string' ? server : (context[name] ?? null);
    });
    return text === null ? null : { url: new URL(text), isTold };
  }

  /** An address that is the same for every connection, as the format demands. */
  fixed(template: string): URL {
    const address = this.of(template, {});
    if (!address) throw new TypeError('The address needs a connection');
    return address.url;
  }

  /** The connection's own servers, as a token answer tells them; one that lies elsewhere is left out. */
  told(body: string): ConnectionContext {
    const answer = parseJson(body);
    const found = Object.entries(this.#servers).flatMap(([name, server]) => {
      if (typeof server === 'string' || !isObject(answer)) return [];
      const origin = originWithin(textAt(answer, server.from), server.within);
      return origin === null ? [] : [[name, origin]];
    });
    return Object.fromEntries(found) as ConnectionContext;
  }
}

/** The egress guard decides whether http: is allowed. */
function originWithin(text: string | null, domains: readonly string[]): string | null {
  if (text === null || !URL.canParse(text)) return null;
  const { protocol, hostname, origin } = new URL(text);
  const isWithin = domains.some((domain) => hostname === domain || hostname.endsWith(`.${domain}`));
  return isWithin && /^https?:$/.test(protocol) ? origin : null;
}
