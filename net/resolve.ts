import { lookup } from 'node:dns';
import type { LookupAddress, LookupOptions } from 'node:dns';

/** All addresses of a name, in the shape of `dns.lookup` with `all`. */
export type Resolve = (
  host: string,
  options: LookupOptions & { all: true },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/** Longer than the 5 s after which a system's resolver repeats a lost query; a person waits in front of a form. */
const SILENCE_MS = 8_000;
/** Names that exist nowhere, by definition (RFC 6761 section 6.4): no resolver is asked for them. */
const NOWHERE = /(^|\.)invalid\.?$/i;

/** @param system the system's resolver, which has no limit of its own: `ETIMEDOUT` once it has been silent for 8 s */
export function boundedResolve(system: Resolve): Resolve {
  return (host, options, callback) => {
    if (NOWHERE.test(host)) return process.nextTick(callback, failure('ENOTFOUND', host), []);
    let isOver = false;
    const end: typeof callback = (error, addresses) => {
      if (isOver) return;
      isOver = true;
      clearTimeout(patience);
      callback(error, addresses);
    };
    const patience = setTimeout(() => end(failure('ETIMEDOUT', host), []), SILENCE_MS);
    system(host, options, end);
  };
}

export const resolveName = boundedResolve(lookup);

/** Whether a name has an address; false as well where the resolver stays silent. */
export function hasAddress(host: string, resolve: Resolve = resolveName): Promise<boolean> {
  return new Promise((settle) => {
    resolve(host, { all: true }, (error, addresses) => settle(error === null && addresses.length > 0));
  });
}

function failure(code: string, hostname: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code} ${hostname}`), { code, syscall: 'lookup', hostname });
}
