import { Context as ActivityContext } from '@temporalio/activity';
import type { Context } from '../runtime/context.ts';
import type { AccessType } from '../domain/access-type.ts';
import type { ChannelView } from '../domain/workflow/channel-view.ts';
import type { Deed } from '../domain/due.ts';
import { auditChannel } from '../imports/audit.ts';
import { checkChannel } from '../credentials/check.ts';
import { disconnectChannel, leaveChannel } from '../connections/disconnect-channel.ts';
import { planNextPoll } from '../imports/next-poll.ts';
import { pollChannel } from '../imports/poll.ts';
import { inTurn } from '../credentials/in-turn.ts';
import { BACKOFF, gapMs } from '../domain/backoff.ts';
import { noteCrowdedRefresh, putOffDeed } from '../channels/put-off.ts';
import { refreshCredential } from '../credentials/refresh.ts';
import { renewSubscription } from '../push/subscription.ts';
import { lookAtChannel } from '../channels/look.ts';
import { remindPerson } from '../channels/remind.ts';

/** The input of every channel activity: ids and numbers, never a secret. */
export interface ChannelInput {
  tenantId: string;
  channelId: string;
  accessType: AccessType;
  seq: number;
}

export interface CheckedView {
  view: ChannelView;
  ok: boolean;
  proved: string | null;
}

/** Another process refreshes, or a lost answer waits for its probe: look again after this, not at once. */
const LOOK_AGAIN_MS = 1_000;

/**
 * The deeds of a channel's workflow that touch only PostgreSQL. A worker without the channel's provider can do them.
 * Like all deeds, each does one thing and ends by looking at the row, so that a wake costs one activity. All are
 * idempotent: after a kill they run again.
 */
export function createRowActivities(context: Context) {
  return {
    look: (input: ChannelInput): Promise<ChannelView> => lookAtChannel(context, input),

    async remind(input: ChannelInput): Promise<ChannelView> {
      await remindPerson(context, input);
      return lookAtChannel(context, input);
    },

    async leave(input: ChannelInput): Promise<ChannelView> {
      // The view that asked for it may be old: a worker of the access type revokes as well.
      const view = await lookAtChannel(context, input);
      if (!view.withoutProvider) return view;
      await leaveChannel(context, input);
      return lookAtChannel(context, input);
    },

    async putOff(input: ChannelInput & { deed: Deed }): Promise<ChannelView> {
      await putOffDeed(context, input);
      return lookAtChannel(context, input);
    },
  };
}

/**
 * All deeds of a channel's workflow. The queues of an access type keep those on rows too: runs of the release before
 * have scheduled them there. Calls to a provider throw `ProviderNotConfigured` where this worker lacks it.
 */
export function createChannelActivities(context: Context) {
  async function takingTurns(input: ChannelInput, call: () => Promise<unknown>): Promise<ChannelView> {
    requireProvider(context, input);
    const outcome = await inTurn(context, turnOf(input), call);
    const view = await lookAtChannel(context, input);
    return outcome === 'crowded' ? later(view, input) : view;
  }

  return {
    ...createRowActivities(context),

    async refresh(input: ChannelInput & { version: number }): Promise<ChannelView> {
      requireProvider(context, input);
      const outcome = await inTurn(context, turnOf(input), () => refreshCredential(context, input));
      if (outcome === 'crowded') await noteCrowdedRefresh(context, input);
      const view = await lookAtChannel(context, input);
      if (outcome === 'crowded') return later(view, input);
      return outcome === 'busy' || outcome === 'unknown' ? notBefore(view, view.now + LOOK_AGAIN_MS) : view;
    },

    async check(input: ChannelInput & { asked?: boolean }): Promise<CheckedView> {
      requireProvider(context, input);
      const answer = await inTurn(context, turnOf(input, input.asked), () => checkChannel(context, input));
      const view = await lookAtChannel(context, input);
      return answer === 'crowded' ? { view: later(view, input), ok: false, proved: null } : { view, ...answer };
    },

    async poll(input: ChannelInput): Promise<ChannelView> {
      const startedAt = await context.clock.now();
      const { outcome } = await pollChannel(context, input);
      await planNextPoll(context, input, { startedAt, outcome });
      return lookAtChannel(context, input);
    },

    async renew(input: ChannelInput): Promise<ChannelView> {
      return takingTurns(input, () => renewSubscription(context, input));
    },

    async audit(input: ChannelInput): Promise<ChannelView> {
      await auditChannel(context, input);
      return lookAtChannel(context, input);
    },

    async disconnect(input: ChannelInput): Promise<ChannelView> {
      return takingTurns(input, () => disconnectChannel(context, input));
    },
  };
}

export type ChannelActivities = ReturnType<typeof createChannelActivities>;

/** This worker polls a queue that access types share, and lacks the provider of one: another worker may have it. */
class ProviderNotConfigured extends Error {
  constructor(accessType: AccessType) {
    super(`This worker has no provider of ${accessType}; the deed is retried, at another worker or this one`);
    this.name = 'ProviderNotConfigured';
  }
}

/** Temporal retries the deed, and the workflow puts it off at last: without the error it would be due again at once. */
function requireProvider({ providers }: Context, { accessType }: ChannelInput): void {
  if (!providers.has(accessType)) throw new ProviderNotConfigured(accessType);
}

const turnOf = ({ tenantId, channelId, accessType }: ChannelInput, patient = false) => ({
  tenantId,
  channelId,
  accessType,
  patient,
  signal: ActivityContext.current().cancellationSignal,
});

/** Another slot is free by then, or the call of another channel has ended. */
const later = (view: ChannelView, { channelId }: ChannelInput) =>
  notBefore(view, view.now + gapMs(BACKOFF.crowded, 1, { spreadBy: channelId }));

function notBefore(view: ChannelView, at: number): ChannelView {
  return view.due && view.due.at < at ? { ...view, due: { ...view.due, at } } : view;
}
