import { defineSignal, defineUpdate } from '@temporalio/workflow';

/**
 * What the outside says to a channel's workflow. Names are persisted in histories: to rename is to add.
 *
 * The signal carries nothing: facts are rows before they are signals, so a lost or doubled signal costs time, never
 * a fact. An update is a command whose caller waits for the answer.
 */
export const rowChanged = defineSignal('rowChanged');

export type Command = 'refreshNow' | 'verify';

/** What became of a command; when it was not done, `code` says why in the words of an API problem. */
export interface CommandAnswer {
  done: boolean;
  /** For `verify`: what the provider's answer proved, in words. */
  proved: string | null;
  code: string | null;
}

export const refreshNow = defineUpdate<CommandAnswer>('refreshNow');
export const verify = defineUpdate<CommandAnswer>('verify');
