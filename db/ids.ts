import { TypeID, typeid } from 'typeid-js';

/** What an id names; it is the id's prefix. */
export type IdPrefix =
  | 'chn'
  | 'lnk'
  | 'evt'
  | 'imp'
  | 'msg'
  | 'inc'
  | 'key'
  | 'whe'
  | 'whd'
  | 'att'
  | 'cnt'
  | 'req'
  | 'hld'
  | 'ntc'
  | 'fac'
  | 'mal'
  | 'snd';

/** A new id: prefix, underscore, and a UUIDv7 in base 32, so ids sort by the time they were made. */
export function newId(prefix: IdPrefix): string {
  return typeid(prefix).toString();
}

/** Ids of this kind that were made before `time`, to the millisecond of the maker's clock, sort before it. */
export function idBefore(prefix: IdPrefix, time: Date): string {
  const ms = time.getTime().toString(16).padStart(12, '0');
  return TypeID.fromUUID(prefix, `${ms.slice(0, 8)}-${ms.slice(8)}-7000-8000-000000000000`).toString();
}
