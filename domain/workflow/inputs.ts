import type { AccessType } from '../access-type.ts';
import type { ChannelView } from './channel-view.ts';

/*
 * What workflows are started with, and what is said to them. All of it stands in histories: plain JSON with a version,
 * ids and numbers, never a secret or a cursor. To rename a field is to break a run that has not ended.
 */

export interface ChannelWorkflowInput {
  v: 1;
  tenantId: string;
  channelId: string;
  accessType: AccessType;
  /** Carried from run to run; null at first. */
  state: { seq: number; told: string; importIds: string[]; view?: ChannelView | null } | null;
}

export interface ImportWorkflowInput {
  v: 1;
  tenantId: string;
  channelId: string;
  accessType: AccessType;
  importId: string;
}

export interface DeliverInput {
  v: 1;
  deliveryId: string;
  endpointId: string;
}

/** An update of a channel's workflow: its caller waits for the answer. */
export type Command = 'refreshNow' | 'verify';

/** What became of a command; when it was not done, `code` says why in the words of an API problem. */
export interface CommandAnswer {
  done: boolean;
  /** For `verify`: what the provider's answer proved, in words. */
  proved: string | null;
  code: string | null;
}
