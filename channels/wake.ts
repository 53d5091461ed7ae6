import type { Context } from '../runtime/context.ts';
import type { ChannelReference } from '../runtime/temporal.ts';

/** Signals a channel's workflow after the commit, without waiting: if the signal is lost, the reconcile finds the nudge. */
export function signalWorkflow(context: Pick<Context, 'temporal' | 'logger'>, channel: ChannelReference): void {
  void context.temporal.lookAt(channel).catch((error: unknown) => {
    context.logger.warn(
      { err: error, channelId: channel.id },
      'A workflow could not be signalled; the reconcile signals it',
    );
  });
}
