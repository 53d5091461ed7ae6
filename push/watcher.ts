import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from '../runtime/context.ts';
import { leaseChannelsToListen } from '../db/across-tenants/leases.ts';
import { sayAlive, sayGone } from '../db/across-tenants/watches.ts';
import type { HeldConnection } from '../db/channels/held-connections.ts';
import { holdConnection, releaseOrphan } from './held-connection.ts';
import type { LetGoReason } from './held-connection.ts';

/** A listener lives a few turns longer than it last said, so that a failed turn does not cost every connection. */
const ALIVE_MS = 30_000;
/** A connection that lasts is written twice an hour. */
const LEASE_MS = 3_600_000;
const TURN_MS = 5_000;
/** Connections begun per turn, so that all mailboxes of a provider that returns do not storm it. */
const BEGUN_PER_TURN = 50;

export interface Listener {
  /** Lets go of everything; another listener may take it at once. */
  stop(): Promise<void>;
}

interface Holding {
  credentialVersion: number;
  letGo: (reason: LetGoReason) => void;
  ended: Promise<void>;
}

/**
 * Holds connections over which providers push news (IMAP IDLE, EWS streaming), for channels that it leases from the
 * database. Any number of listeners share the channels; another listener takes over the leases of a dead one when they
 * expire.
 */
export function startListener(context: Context, mostConnections: number): Listener {
  const owner = `lsn_${randomUUID()}`;
  const holdings = new Map<string, Holding>();
  const stopping = new AbortController();
  let walkedTo = '';
  const running = loop();
  return {
    async stop() {
      stopping.abort();
      await running;
      for (const { letGo } of holdings.values()) letGo('stopping');
      await Promise.all([...holdings.values()].map(({ ended }) => ended));
      await sayGone(context.database, owner);
    },
  };

  async function loop(): Promise<void> {
    while (!stopping.signal.aborted) {
      await turn().catch((error: unknown) => {
        context.logger.warn({ err: error }, 'Leases could not be acquired or renewed; the next turn retries');
      });
      await sleep(TURN_MS, undefined, { signal: stopping.signal }).catch(() => {});
    }
  }

  async function turn(): Promise<void> {
    const accessTypes = [...context.providers.values()].flatMap(({ accessType, capabilities }) =>
      capabilities.holdsConnections ? [accessType] : [],
    );
    const now = await context.clock.now();
    await sayAlive(context.database, { owner, accessTypes: [], aliveUntil: new Date(now.getTime() + ALIVE_MS) });
    const after = (ms: number) => new Date(now.getTime() + ms);
    const lease = { owner, now, until: after(LEASE_MS), renewedBefore: after(LEASE_MS / 2) };
    const known = new Set(holdings.keys());
    const free = { accessTypes, limit: Math.min(BEGUN_PER_TURN, mostConnections - holdings.size), walkedTo };
    const { kept, taken, ...walk } = await leaseChannelsToListen(context.database, lease, free);
    walkedTo = walk.walkedTo;
    dropWhatIsNotKept(kept);
    for (const held of taken) hold(held);
    for (const held of kept) if (!known.has(held.channelId)) await releaseOrphan(context, held, owner);
  }

  function dropWhatIsNotKept(kept: HeldConnection[]): void {
    const versions = new Map(kept.map(({ channelId, credentialVersion }) => [channelId, credentialVersion]));
    for (const [channelId, { credentialVersion, letGo }] of holdings) {
      const now = versions.get(channelId);
      if (now === undefined) letGo('not_worth_it');
      else if (now !== credentialVersion) letGo('replaced');
    }
  }

  function hold(held: HeldConnection): void {
    const abort = new AbortController();
    const ended = holdConnection(context, held, owner, abort.signal)
      .catch((error: unknown) =>
        context.logger.warn({ err: error }, 'A lease could not be released; the next turn retries'),
      )
      .finally(() => holdings.delete(held.channelId));
    const { credentialVersion } = held;
    holdings.set(held.channelId, { credentialVersion, letGo: (reason) => abort.abort(reason), ended });
  }
}
