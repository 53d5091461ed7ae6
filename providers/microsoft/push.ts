import { randomBytes } from 'node:crypto';
import { Secret } from '../../domain/secret.ts';
import { incomplete } from '../../domain/verdict-builders.ts';
import { ProviderError } from '../../domain/verdict.ts';
import { parseJson } from '../answers/text.ts';
import type { PushCapability, PushedItem, PushReceipt, PushRequest, Session, Subscription } from '../contract.ts';
import type { GraphClient } from './client.ts';
import { notifications } from './schema.ts';

const MINUTE_MS = 60_000;
/**
 * Microsoft's pages say 10,080 minutes, and answers of its servers 4,230: what we ask for is right under both
 * (learn.microsoft.com/graph/change-notifications-overview).
 */
const LIFE_MS = 4_200 * MINUTE_MS;
/** `clientState` may have 128 characters. */
const STATE_BYTES = 32;

/** Graph posts notifications to us; `clientState` is all that proves where they come from. */
export function createGraphPush(): PushCapability {
  return {
    renewEveryMs: LIFE_MS / 2,
    sharedByMailbox: false,
    coversMailbox: true,
    receive: (request) => Promise.resolve(understand(request)),
  };
}

function understand({ body, query }: PushRequest): PushReceipt {
  // Graph asks whether we are there, within our own call that subscribes.
  const challenge = query.get('validationToken');
  if (challenge !== null) return { outcome: 'challenge', challenge };
  const told = notifications.safeParse(parseJson(Buffer.from(body).toString('utf8')));
  if (!told.success) return { outcome: 'malformed', why: 'value[].subscriptionId' };
  const items = told.data.value.map(({ subscriptionId: reference, clientState, lifecycleEvent }): PushedItem => {
    const about = { reference, state: clientState ?? null };
    return { about, kind: kindOf(lifecycleEvent) };
  });
  return { outcome: 'told', items, status: 202 };
}

/** https://learn.microsoft.com/graph/change-notifications-lifecycle-events; an event that is not known is news. */
function kindOf(lifecycleEvent: string | undefined): PushedItem['kind'] {
  switch (lifecycleEvent) {
    case 'reauthorizationRequired':
      return 'renew';
    case 'subscriptionRemoved':
      return 'resubscribe';
    case 'missed':
      return 'missed';
    case undefined:
    default:
      return 'news';
  }
}

/** Subscribes to all folders of the login's own mailbox; Graph has no subscriptions to a shared one. */
export function subscribing(
  client: GraphClient,
  notificationUrl: string,
): Required<Pick<Session, 'subscribe' | 'unsubscribe'>> {
  return {
    async subscribe(previous) {
      const expirationDateTime = new Date((await graphTime(client)).getTime() + LIFE_MS).toISOString();
      const renewed = previous && (await client.renewSubscription(previous, { expirationDateTime }));
      if (renewed) return subscriptionOf(renewed, null);
      const state = randomBytes(STATE_BYTES).toString('base64url');
      const created = await client.createSubscription({
        changeType: 'created',
        resource: 'me/messages',
        notificationUrl,
        lifecycleNotificationUrl: notificationUrl,
        expirationDateTime,
        clientState: state,
        latestSupportedTlsVersion: 'v1_2',
      });
      return subscriptionOf(created, new Secret(state));
    },
    async unsubscribe(previous) {
      if (previous !== null) await client.endSubscription(previous);
    },
  };
}

/** What counts is Graph's clock, not ours. */
async function graphTime(client: GraphClient): Promise<Date> {
  const { at } = await client.messages(null, { $select: 'id', $top: '1' });
  if (at) return at;
  throw new ProviderError('Graph tells no time', incomplete('unexpected_answer'));
}

function subscriptionOf(
  { id, expirationDateTime }: { id: string; expirationDateTime: string },
  state: Secret | null,
): Subscription {
  return { reference: id, state, expiresAt: new Date(expirationDateTime) };
}
