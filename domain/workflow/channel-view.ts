import type { AccessType } from '../access-type.ts';
import type { Status } from '../channel.ts';
import type { Due } from '../due.ts';
import type { Action, StatusReason } from '../verdict.ts';

/**
 * What a channel's workflow knows of its row: plain JSON, no secrets, no cursors, no address. Times in ms since the epoch, on the
 * database's clock; `now` is when it was looked at.
 */
export interface ChannelView {
  now: number;
  /** The workflow's number that this look was written with: it goes on from here. */
  seq: number;
  /** The row is gone or its life is over: the workflow may end. */
  ended: boolean;
  /** Whose queues do its work; absent in a view that an earlier release took. */
  accessType?: AccessType;
  /** The one mail server that the account is at; absent where the provider is one for all. */
  server?: string;
  status: Status;
  reason: StatusReason | null;
  action: Action;
  since: number;
  credentialVersion: number;
  tokenExpiresAt: number | null;
  coveredUntil: number | null;
  /**
   * The account's address, for the operator who reads the workflow's page: masked, because histories hold it. A view that
   * an earlier release took has it whole.
   */
  account: string;
  due: Due | null;
  /** The disconnect ends without its provider: no worker serves the access type, or none has ended it in a day. */
  withoutProvider?: true;
  /** Imports whose workflows have to be running. */
  importIds: string[];
}
