import { cancellationSignal } from '@temporalio/activity';
import type { Context } from '../runtime/context.ts';
import { giveUpSend, transmitSend } from '../sending/transmit.ts';
import type { SendInput, SendLook } from '../sending/transmit.ts';

/** The activity of a send's workflow at the provider. */
export function createSendActivities(context: Context) {
  return {
    transmit: (input: SendInput): Promise<SendLook> => transmitSend(context, input, cancellationSignal()),
  };
}

/** Its activity that touches only PostgreSQL. */
export function createSendRowActivities(context: Context) {
  return {
    giveUpSend: (input: SendInput): Promise<void> => giveUpSend(context, input),
  };
}

export type SendActivities = ReturnType<typeof createSendActivities> & ReturnType<typeof createSendRowActivities>;
