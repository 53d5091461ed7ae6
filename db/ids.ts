import { typeid } from 'typeid-js';

/** What an id names; it is the id's prefix. */
export type IdPrefix = 'chn' | 'lnk' | 'evt' | 'imp' | 'msg' | 'inc' | 'key' | 'whe' | 'whd' | 'att' | 'cnt' | 'req';

/** A new id: prefix, underscore, and a UUIDv7 in base 32, so ids sort by the time they were made. */
export function newId(prefix: IdPrefix): string {
  return typeid(prefix).toString();
}
