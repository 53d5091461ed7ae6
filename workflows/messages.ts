import { defineSignal, defineUpdate } from '@temporalio/workflow';
import type { CommandAnswer } from '../domain/workflow/inputs.ts';

/**
 * Signals and updates of a channel's workflow. Histories persist their names: a rename is an addition.
 *
 * The signal carries nothing: facts are rows before they are signals, so a lost or doubled signal costs time, never
 * a fact. An update is a command whose caller waits for the answer.
 */
export const rowChanged = defineSignal('rowChanged');

/** To a recipient's workflow: notices have been planned or released. */
export const noticesChanged = defineSignal('noticesChanged');

export const refreshNow = defineUpdate<CommandAnswer>('refreshNow');
export const verify = defineUpdate<CommandAnswer>('verify');
