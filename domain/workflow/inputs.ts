import type { AccessType } from '../access-type.ts';
import type { DeliveryLane } from '../event.ts';
import type { ChannelView } from './channel-view.ts';

/*
 * Inputs, signals and updates of workflows. Histories contain them: plain JSON with a version, ids and numbers, never a
 * secret or a cursor. A renamed field breaks a running workflow.
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
  /** The one mail server that the account is at; absent where the provider is one for all. */
  server?: string;
}

export interface DeliverInput {
  v: 1;
  deliveryId: string;
  endpointId: string;
  /** Missing in deliveries of older releases: all were of one lane. */
  lane?: DeliveryLane;
}

/** One try of a send; the message itself is in its row. */
export interface SendWorkflowInput {
  v: 1;
  tenantId: string;
  channelId: string;
  accessType: AccessType;
  sendId: string;
  attempt: number;
  /** The one mail server that the account is at; absent where the provider is one for all. */
  server?: string;
}

/** `recipientId` is a hash: histories hold no address. */
export interface RecipientInput {
  v: 1;
  tenantId: string;
  recipientId: string;
}

/** An update of a channel's workflow: its caller waits for the answer. */
export type Command = 'refreshNow' | 'verify';

/** The result of a command; if it was not done, `code` is the code of an API problem. */
export interface CommandAnswer {
  done: boolean;
  /** For `verify`: what the call proved, in words. */
  proved: string | null;
  code: string | null;
}

/** The code with which a run that ends rejects a command: its caller sends it again, to the next run. */
export const RUN_ENDS = 'run_ends';
