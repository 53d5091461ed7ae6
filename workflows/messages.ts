import { defineSignal, defineUpdate } from '@temporalio/workflow';
import type { CommandAnswer } from '../domain/workflow/inputs.ts';

/**
 * What the outside says to a channel's workflow. Names are persisted in histories: to rename is to add.
 *
 * The signal carries nothing: facts are rows before they are signals, so a lost or doubled signal costs time, never
 * a fact. An update is a command whose caller waits for the answer.
 */
export const rowChanged = defineSignal('rowChanged');

export const refreshNow = defineUpdate<CommandAnswer>('refreshNow');
export const verify = defineUpdate<CommandAnswer>('verify');
