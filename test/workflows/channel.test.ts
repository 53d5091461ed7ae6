import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { wakeForgotten } from '../../background/reconcile.ts';
import { updateChannel } from '../../db/channels/channels.ts';
import { credentials } from '../../db/schema/credentials.ts';
import { channelWorkflowId, importWorkflowId } from '../../domain/workflow/names.ts';
import { channelOf, connectGmail } from '../support/connect.ts';
import { chainOf, raiseEngine, until } from '../support/engine.ts';
import type { Engine } from '../support/engine.ts';
import { raiseStage } from '../support/stage.ts';
import type { ChannelReference } from '../../runtime/temporal.ts';
import { lifeOf } from './life.ts';
import { maskAddress } from '../../domain/redaction/mask-address.ts';
import type { Life } from './life.ts';

const HOUR_MS = 3_600_000;

/* A real Temporal server: what operators and other processes see of a channel's workflow, and do to it. */
let engine: Engine;
beforeAll(async () => {
  engine = await raiseEngine(await raiseStage(), { timeSkipping: false, config: { pollIntervalMs: HOUR_MS } });
}, 180_000);
afterAll(() => engine.close());

/** A connected channel whose first poll is done: its workflow sleeps. */
async function asleep(email: string): Promise<Life> {
  const life = lifeOf(engine, channelOf(await connectGmail(engine, email)));
  await until('the first poll', life.isWatched);
  await until('sleep', async () => Boolean((await eventsOf(life)).at(-1)?.timerStartedEventAttributes));
  return life;
}

const eventsOf = async (life: Life) => (await life.workflow.fetchHistory()).events ?? [];
const statusOf = async (life: Life) => (await life.workflow.describe()).status.name;

/** As the reconcile of a worker process would look when so much time has passed. */
function reconcileAfter(ms: number): Promise<number> {
  const clock = { now: async () => new Date((await engine.context.clock.now()).getTime() + ms) };
  return wakeForgotten({ ...engine.context, clock });
}

describe('rule 13: any end of a channel’s workflow', () => {
  for (const end of ['terminate', 'cancel'] as const) {
    it(`a workflow that an operator chose to ${end} touches no credential, and comes back`, async () => {
      const life = await asleep(`${end}@example.com`);
      const credential = await life.credential();
      await life.workflow[end]();
      await until('its end', async () => (await statusOf(life)) !== 'RUNNING');
      expect(await statusOf(life)).toBe(end === 'cancel' ? 'CANCELLED' : 'TERMINATED');
      expect(await life.credential()).toEqual(credential);
      expect(await life.read()).toMatchObject({ status: 'connected', credentialVersion: 1 });

      const { workflowSeq } = await life.read();
      await reconcileAfter(2 * HOUR_MS);
      await until('its return', async () => (await life.read()).workflowSeq > workflowSeq);
      expect(await statusOf(life)).toBe('RUNNING');
      const { nextDueAt } = await life.read();
      expect(nextDueAt?.getTime()).toBeGreaterThan(Date.now());
      expect(await life.command('refreshNow')).toMatchObject({ done: true });
    });
  }

  it('an error that is no word of a provider is tried again for as long as it lasts, and fails nothing', async () => {
    const life = await asleep('broken@example.com');
    const { channelId = '', accessTokenJwe: sealed = '' } = (await life.credential()) ?? {};
    const setToken = (accessTokenJwe: string | null) =>
      life.inTenant((tx) => tx.update(credentials).set({ accessTokenJwe }).where(eq(credentials.channelId, channelId)));
    await setToken('rubbish');
    await life.askForPoll();
    const failing = await until('a failed attempt', async () => {
      const [pending] = (await life.workflow.describe()).raw.pendingActivities ?? [];
      return pending && (pending.attempt ?? 0) > 1 ? pending : null;
    });
    expect(failing.activityType?.name).toBe('poll');
    expect(await statusOf(life)).toBe('RUNNING');
    await setToken(sealed);
    await until('the poll', async () => (await life.read()).pollRequestedAt === null);
    expect(await life.read()).toMatchObject({ status: 'connected', incidentId: null });
  });

  it('workers that stop and start again go on with every channel where it was', async () => {
    const life = await asleep('cold@example.com');
    await engine.stopWorkers();
    await life.askForPoll();
    await engine.startWorkers();
    await until('the poll', async () => (await life.read()).pollRequestedAt === null);
    expect(await life.command('verify')).toMatchObject({ done: true });
  });
});

describe('a run that goes on from another', () => {
  it('knows the row from it, and begins by going to sleep', async () => {
    const life = await asleep('goes-on@example.com');
    const chain = () => chainOf(engine, life.workflow.workflowId);
    await until('the next run', async () => {
      await life.command('refreshNow');
      return (await chain()).length > 1;
    });
    await until('sleep', async () => Boolean((await eventsOf(life)).at(-1)?.timerStartedEventAttributes));
    const events = (await chain())[1]?.events ?? [];
    const first = events.find(
      (event) => event.timerStartedEventAttributes ?? event.activityTaskScheduledEventAttributes,
    );
    expect(first?.timerStartedEventAttributes).toBeTruthy();
    await life.askForPoll();
    await until('the poll', async () => (await life.read()).pollRequestedAt === null);
  });
});

describe('facts are rows before they are signals', () => {
  it('a thousand nudges are a few signals, and none of them is lost', async () => {
    const life = await asleep('crowd@example.com');
    let signals = 0;
    const { temporal } = engine.context;
    const counting = {
      ...temporal,
      lookAt: (channel: ChannelReference) => {
        signals++;
        return temporal.lookAt(channel);
      },
    };
    const crowd = lifeOf({ ...engine, context: { ...engine.context, temporal: counting } }, (await life.read()).id);
    await Promise.all(Array.from({ length: 1_000 }, () => crowd.askForPoll()));
    expect(signals).toBeGreaterThanOrEqual(1);
    expect(signals).toBeLessThan(100);
    await until('the last poll', async () => (await life.read()).pollRequestedAt === null);
    const chain = await chainOf(engine, channelWorkflowId((await life.read()).id));
    const events = chain.flatMap((history) => history.events ?? []);
    expect(events.filter((event) => event.workflowExecutionSignaledEventAttributes).length).toBeLessThanOrEqual(
      signals + 1,
    );
    expect(Math.max(...chain.map((history) => history.events?.length ?? 0))).toBeLessThan(100);
  });

  it('a nudge whose signal was never sent is found by the reconcile', async () => {
    const life = await asleep('unsignalled@example.com');
    const temporal = { ...engine.context.temporal, lookAt: async () => {} };
    const killedAfterCommit = { ...engine, context: { ...engine.context, temporal } };
    await lifeOf(killedAfterCommit, (await life.read()).id).askForPoll();
    expect((await life.read()).pollRequestedAt).not.toBeNull();
    expect(await reconcileAfter(60_000)).toBeGreaterThanOrEqual(1);
    await until('the poll', async () => (await life.read()).pollRequestedAt === null);
  });
});

describe('a channel that waits', () => {
  it('paused asks its provider nothing, and looks for news at once when it is resumed', async () => {
    const email = 'paused@example.com';
    const life = await asleep(email);
    await life.pause();
    await until('the pause', async () => (await life.read()).workflowSeq > 2);
    const before = await engine.sandbox.requests('google', 'api', email);
    await life.askForPoll();
    expect(await life.command('refreshNow')).toMatchObject({ done: true });
    expect(await engine.sandbox.requests('google', 'api', email)).toEqual(before);
    await engine.sandbox.deliver('google', email, 2);
    await life.resume();
    await until('the poll', async () => (await life.read()).pollRequestedAt === null);
    expect(await life.stored()).toBe(2);
  });

  it('rule 8: for a sign-in goes on as soon as it is there, and imports what was missed', async () => {
    const email = 'returned@example.com';
    const life = await asleep(email);
    await engine.sandbox.fault('google', email, 'access_revoked');
    await life.command('refreshNow');
    await engine.sandbox.deliver('google', email, 3);
    await connectGmail(engine, email);
    await until('the messages', async () => (await life.stored()) === 3);
    expect(await life.read()).toMatchObject({ status: 'connected', credentialVersion: 2 });
  });

  it('for its import starts it again when an operator has ended it', async () => {
    const email = 'importing@example.com';
    const life = await asleep(email);
    await engine.sandbox.fault('google', email, 'access_revoked');
    await life.command('refreshNow');
    await engine.sandbox.deliver('google', email, 3);
    const slow = await engine.sandbox.fault('google', email, 'slow', { kind: 'api', ms: 800 });
    await connectGmail(engine, email);
    const { id } = await until('the import', () => life.import());
    const workflow = engine.client.workflow.getHandle(importWorkflowId(id));
    const down = await engine.sandbox.fault('google', email, 'unavailable', { kind: 'api' });
    await until('its wait for the provider', async () => {
      const { raw } = await workflow.describe().catch(() => ({ raw: null }));
      return (await life.read()).status === 'degraded' && raw && !raw.pendingActivities?.length;
    });
    await workflow.terminate();
    for (const fault of [slow, down]) await engine.sandbox.mend(fault.id);
    await until('its end', async () => {
      await life.fact(async () => {}); // a minute's looks in an instant
      return (await life.import()) === null;
    });
    expect(await life.stored()).toBe(3);
    await workflow.result();
  });
});

describe('commands', () => {
  it('refreshNow and verify answer with what they did', async () => {
    const life = await asleep('commands@example.com');
    expect(await life.command('refreshNow')).toEqual({ done: true, proved: null, code: null });
    expect(await life.read()).toMatchObject({ credentialVersion: 2 });
    const { done, proved } = (await life.command('verify')) ?? {};
    expect(done).toBe(true);
    expect(proved).toContain('c…s@example.com');
  });

  it('say why they were not done', async () => {
    const email = 'withdrawn@example.com';
    const life = await asleep(email);
    await engine.sandbox.fault('google', email, 'access_revoked');
    expect(await life.command('refreshNow')).toEqual({ done: false, proved: null, code: 'access_revoked' });
    expect(await life.read()).toMatchObject({ status: 'reauth_required' });
  });

  it('verify brings a channel back whose account is enabled again', async () => {
    const email = 'enabled@example.com';
    const life = await asleep(email);
    const { id } = await engine.sandbox.fault('google', email, 'account_disabled', { kind: 'token' });
    expect(await life.command('refreshNow')).toMatchObject({ done: false, code: 'account_disabled' });
    expect(await life.read()).toMatchObject({ status: 'blocked' });
    await engine.sandbox.mend(id);
    expect(await life.command('verify')).toMatchObject({ done: true });
    expect(await life.read()).toMatchObject({ status: 'connected', incidentId: null });
  });

  it('given many at once are all answered, across the ends of runs', async () => {
    const life = await asleep('many@example.com');
    const answers = await Promise.all(Array.from({ length: 9 }, () => life.command('verify', 60_000)));
    expect(answers.every((answer) => answer?.done)).toBe(true);
  });

  it('start a workflow that is missing', async () => {
    const life = await asleep('missing@example.com');
    await life.workflow.terminate();
    expect(await life.command('verify')).toMatchObject({ done: true });
    expect(await statusOf(life)).toBe('RUNNING');
  });

  it('to a channel that has left are answered, and leave no workflow behind', async () => {
    const life = await asleep('left@example.com');
    await life.disconnect();
    await life.workflow.result();
    expect(await life.command('verify')).toEqual({ done: false, proved: null, code: 'channel_ended' });
    await until('its end', async () => (await statusOf(life)) === 'COMPLETED');
  });
});

describe('what an operator sees', () => {
  it('search attributes, the state in words, and what each timer waits for', async () => {
    const email = 'operator@example.com';
    const life = await asleep(email);
    const { searchAttributes } = await life.workflow.describe();
    expect(searchAttributes).toMatchObject({ TenantId: ['acme'], AccessType: ['gmail'], ChannelStatus: ['connected'] });
    const details = await life.workflow.query<{ currentDetails?: string }>('__temporal_workflow_metadata');
    expect(details.currentDetails).toContain(`**${maskAddress(email)}** is **connected**`);
    const timer = (await eventsOf(life)).findLast((event) => event.timerStartedEventAttributes);
    expect(Buffer.from(timer?.userMetadata?.summary?.data ?? []).toString()).toContain('sleep until');

    await engine.sandbox.fault('google', email, 'access_revoked');
    await life.command('refreshNow');
    const found = await until('visibility', async () => {
      for await (const { workflowId } of engine.client.workflow.list({
        query: `ChannelStatus = 'reauth_required' and StatusReason = 'access_revoked' and ExecutionStatus = 'Running'`,
      })) {
        if (workflowId === life.workflow.workflowId) return workflowId;
      }
      return null;
    });
    expect(found).toBe(life.workflow.workflowId);
    const after = await life.workflow.query<{ currentDetails?: string }>('__temporal_workflow_metadata');
    expect(after.currentDetails).toContain('is **reauth required**');
    expect(after.currentDetails).toContain('the owner, by signing in again');
  });
});

describe('a disconnect', () => {
  it('while a refresh is under way waits for it, revokes what it brought, and leaves nothing', async () => {
    const email = 'leaving@example.com';
    const life = await asleep(email);
    await engine.sandbox.fault('google', email, 'slow', { kind: 'token', ms: 1_500, times: 1 });
    const refreshed = life.command('refreshNow');
    await until('the request', async () => {
      const requests = await engine.sandbox.requests('google', 'token', email);
      return requests.some(({ grant_type, status }) => grant_type === 'refresh_token' && status === null);
    });
    await life.disconnect();
    expect(await life.read()).toMatchObject({ status: 'disconnecting' });
    await life.workflow.result();
    expect(await refreshed).toMatchObject({ done: true });
    expect(await life.read()).toMatchObject({ status: 'disconnected', revocation: 'done', credentialVersion: 2 });
    expect(await life.credential()).toBeNull();
    expect((await engine.sandbox.requests('google', 'revoke', email)).map(({ status }) => status)).toEqual([200]);
  });

  it('does not wait for the next try of a trouble', async () => {
    const life = await asleep('troubled@example.com');
    const retryAt = new Date(Date.now() + 24 * HOUR_MS);
    await life.inTenant(async (tx) => updateChannel(tx, (await life.read()).id, { retryAt, failures: 60 }));
    await life.disconnect();
    await life.workflow.result();
    expect(await life.read()).toMatchObject({ status: 'disconnected', revocation: 'done' });
  });
});
