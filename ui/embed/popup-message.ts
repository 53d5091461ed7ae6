import type { ConnectSession } from '../../api/schemas/connect.ts';

/** What a connect page posts to the page that opened it, after each sign-in. */
export interface PopupMessage {
  type: 'mooring';
  result: NonNullable<ConnectSession['result']>;
}

/** Any window may post anything. */
export function isPopupMessage(data: unknown): data is PopupMessage {
  return typeof data === 'object' && data !== null && 'type' in data && data.type === 'mooring' && 'result' in data;
}

/** The name under which a connect link carries the address of the page that is left for it, on a phone. */
export const BACK = 'back';
