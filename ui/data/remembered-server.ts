import { NO_SERVER } from './password-body.ts';
import type { ServerEntry } from './password-body.ts';

/**
 * The server this browser last signed in to for this domain. A server of one's own has to be entered once, not at
 * every reauthorization: Mooring's web server cannot open the sealed settings.
 */
export function rememberedServer(address: string): ServerEntry {
  const stored = localStorage.getItem(keyOf(address));
  return stored === null ? NO_SERVER : { ...NO_SERVER, ...(JSON.parse(stored) as Partial<ServerEntry>) };
}

export function rememberServer(address: string, entry: ServerEntry): void {
  const names = Object.keys(NO_SERVER) as (keyof ServerEntry)[];
  const given = Object.fromEntries(names.filter((name) => entry[name]).map((name) => [name, entry[name]]));
  if (Object.keys(given).length > 0) localStorage.setItem(keyOf(address), JSON.stringify(given));
  else localStorage.removeItem(keyOf(address));
}

/** What follows the @ of an address, in lower case. */
export function domainOf(address: string): string {
  return address
    .slice(address.lastIndexOf('@') + 1)
    .trim()
    .toLowerCase();
}

function keyOf(address: string): string {
  return `mooring.server.${domainOf(address)}`;
}
