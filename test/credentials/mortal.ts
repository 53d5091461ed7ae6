import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from '../../runtime/context.ts';
import type { Database } from '../../db/client.ts';
import type { KillPoint } from '../../domain/kill-points.ts';
import type { OAuthAdapter } from '../../providers/contract.ts';

const NEVER = new Promise<never>(() => {});

/**
 * A context that dies at `point`: what it had begun in the database is rolled back, nothing it does later gets there,
 * and who waits for it hears that it died. As good as a killed process, at the price of a promise.
 */
export function mortal(context: Context, point: KillPoint): { context: Context; died: Promise<'died'> } {
  let isDead = false;
  const death = Promise.withResolvers<'died'>();
  const { database: outliving } = context;
  const database: Database = {
    ...outliving,
    inTenant: (tenant, work) => (isDead ? NEVER : outliving.inTenant(tenant, work)),
    acrossTenants: (work) => (isDead ? NEVER : outliving.acrossTenants(work)),
  };
  const killPoint = (reached: KillPoint) => {
    if (reached !== point || isDead) return;
    isDead = true;
    death.resolve('died');
    // This one is reached beside the code, with the request on its way: there is nothing to break off.
    if (reached !== 'refresh.written') throw new Error(`Died at ${point}`);
  };
  return { context: { ...context, database, killPoint }, died: death.promise };
}

/** One use of a refresh token: written to the socket, and then answered or not. */
interface Use {
  token: string;
  sentAtMs: number;
  endedAtMs: number | null;
  /** It was written down as the one use of a token in doubt. */
  isProbe: boolean;
}

export interface Ledger {
  uses: Use[];
  /** The first token of the grant that a token belongs to. */
  family: Map<string, string>;
  /** Whether the attempt under way is a marked probe. */
  isProbe(): Promise<boolean>;
}

/**
 * The same context, whose every use of a refresh token is written down, and which tokens came of which. An answer takes
 * `slowMs` more to arrive.
 */
export function recording(context: Context, ledger: Ledger, slowMs: number): Context {
  const gmail = context.providers.get('gmail');
  const [oauth] = gmail?.signIn.oauth ?? [];
  if (!gmail || !oauth) throw new Error('Gmail is not configured');
  const refreshRequest: OAuthAdapter['refreshRequest'] = async (grant, signal, beforeWriting) => {
    const token = grant.token.reveal();
    let use: Use | null = null;
    try {
      const answer = await oauth.refreshRequest(grant, signal, async () => {
        await beforeWriting?.();
        use = { token, sentAtMs: performance.now(), endedAtMs: null, isProbe: await ledger.isProbe() };
        ledger.uses.push(use);
      });
      const successor = /"refresh_token":\s*"([^"]+)"/.exec(answer.body.reveal())?.[1];
      await sleep(slowMs);
      if (successor) ledger.family.set(successor, ledger.family.get(token) ?? token);
      return answer;
    } finally {
      if (use) (use as Use).endedAtMs = performance.now();
    }
  };
  const providers = new Map([
    ...context.providers,
    ['gmail' as const, { ...gmail, signIn: { ...gmail.signIn, oauth: [{ ...oauth, refreshRequest }] } }],
  ]);
  return { ...context, providers };
}
