import { Secret } from '../../domain/secret.ts';
import type { Provider, PushedItem, PushReceipt } from '../../providers/contract.ts';
import { dice, ModelMailbox } from '../imports/model/model-mailbox.ts';
import { modelProvider } from '../imports/model/model-provider.ts';
import { secret } from '../support/minting.ts';

interface Told {
  subscriptionId: string;
  clientState: string | null;
  lifecycleEvent?: 'renew' | 'resubscribe' | 'missed';
}

/** A provider in memory whose pushes name subscriptions and repeat a secret, as Microsoft Graph's do. */
export function subscribingProvider() {
  const mailbox = new ModelMailbox(['INBOX'], 0, () => new Date());
  const model = modelProvider(() => ({ mailbox, tellsTime: true, walks: false, roll: dice(1), meet: () => {} }));
  /** Live subscriptions, by id, with the secret that pushes repeat. */
  const live = new Map<string, string>();
  /** What was asked of it, in order. */
  const asked: string[] = [];
  let made = 0;
  const script = { lifeMs: 7 * 86_400_000, canSubscribe: true, whileSubscribing: async () => {} };

  const provider: Provider = {
    ...model,
    capabilities: {
      ...model.capabilities,
      push: {
        renewEveryMs: 86_400_000,
        sharedByMailbox: false,
        coversMailbox: true,
        receive: async (request) => receive(request),
      },
    },
    async openSession(access, signal) {
      const session = await model.openSession(access, signal);
      return script.canSubscribe ? { ...session, subscribe, unsubscribe } : session;
    },
  };
  return { provider, live, asked, script };

  async function subscribe(previous: string | null) {
    const expiresAt = new Date(Date.now() + script.lifeMs);
    await script.whileSubscribing();
    if (previous !== null && live.has(previous)) {
      asked.push(`renew ${previous}`);
      return { reference: previous, state: null, expiresAt };
    }
    const reference = `subscription-${++made}`;
    asked.push(`create ${reference}`);
    const state = secret('client-state');
    live.set(reference, state);
    return { reference, state: new Secret(state), expiresAt };
  }

  async function unsubscribe(previous: string | null) {
    asked.push(`delete ${previous}`);
    if (previous !== null) live.delete(previous);
  }
}

function receive({ query, body }: { query: URLSearchParams; body: Uint8Array }): PushReceipt {
  const challenge = query.get('validationToken');
  if (challenge !== null) return { outcome: 'challenge', challenge };
  const { value } = JSON.parse(Buffer.from(body).toString('utf8')) as { value: Told[] };
  const items = value.map(({ subscriptionId, clientState, lifecycleEvent }): PushedItem => {
    const about = { reference: subscriptionId, state: clientState };
    return { about, kind: lifecycleEvent ?? 'news' };
  });
  return { outcome: 'told', items, status: 202 };
}
