import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listChannelSetAside } from '../../db/imports/channel-set-aside.ts';
import type { Context } from '../../runtime/context.ts';
import { channelOf, connectSalesforce } from '../support/connect.ts';
import type { SandboxMessage } from '../support/sandbox-control.ts';
import { raiseStage } from '../support/stage.ts';
import type { Stage } from '../support/stage.ts';
import { importing, TENANT } from './importing.ts';

/** `GAP=10000` is the long form. */
const GAP = Number(process.env['GAP'] ?? 300);
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/* Salesforce, through the sandbox: records by their stamps, and nothing of changes that is older than 30 days. */
let stage: Stage;
beforeAll(async () => {
  stage = await raiseStage();
  await stage.sandbox.settings('salesforce', { token_life_s: 24 * 3_600 });
}, 60_000);
afterAll(() => stage.close());

/** Our clock and the provider's, `ms` ahead of this machine's. */
async function later(ms: number): Promise<Context> {
  const { clock } = stage.context;
  await stage.sandbox.setClock(ms / 1000);
  return { ...stage.context, clock: { now: async () => new Date((await clock.now()).getTime() + ms) } };
}

async function connected(email: string): Promise<string> {
  await stage.sandbox.account('salesforce', email);
  const channelId = channelOf(await connectSalesforce(stage, email));
  await importing(stage.context).settle(channelId);
  return channelId;
}

const deliver = (email: string, count: number, more = {}) => stage.sandbox.deliver('salesforce', email, count, more);
const idsOf = (rows: { providerId: string }[]) => rows.map(({ providerId }) => providerId).toSorted();
const deliveredIds = (sent: SandboxMessage[]) => sent.map(({ provider_id: id }) => id).toSorted();
const storedRecords = async (channelId: string) =>
  (await importing(stage.context).stored(channelId)).map((row) => ({
    providerId: row.providerId.replace(/@.*/, ''),
    revision: row.revision,
  }));

describe('records of Salesforce', () => {
  test(`a gap of ${GAP} over 40 days, longer than changes are told, is imported whole and once`, async () => {
    const email = 'gap@acme.example';
    const channelId = await connected(email);
    const known = await deliver(email, 3);
    await importing(stage.context).settle(channelId);
    expect(idsOf(await storedRecords(channelId))).toEqual(deliveredIds(known));
    const missed: SandboxMessage[] = [];
    for (const [days, part] of [
      [2, 0.3],
      [20, 0.3],
      [39, 0.4],
    ] as const) {
      await later(days * DAY_MS);
      missed.push(...(await deliver(email, Math.round(GAP * part))));
      missed.push(...(await deliver(email, 2, { object: 'Task' })));
    }
    const now = await later(40 * DAY_MS);
    expect(channelOf(await connectSalesforce({ ...stage, context: now }, email))).toBe(channelId);
    const machine = importing(now);
    const queued = (await machine.imports(channelId)).at(-1)!;
    expect(queued).toMatchObject({ cause: 'reauthorized' });
    expect((await machine.finish(channelId, queued.id)).done).toBe(true);
    expect(idsOf(await storedRecords(channelId))).toEqual(deliveredIds([...known, ...missed]));
    expect(await machine.receipt(queued.id)).toMatchObject({ imported: missed.length, missing: 0, skipped: [] });
    expect((await machine.imports(channelId)).at(-1)).toMatchObject({ state: 'completed', compared: true });
    expect(await machine.told(channelId, 'gap.detected')).not.toEqual([]);
    const more = await deliver(email, 2);
    await machine.settle(channelId);
    expect(idsOf(await storedRecords(channelId))).toEqual(deliveredIds([...known, ...missed, ...more]));
    await later(0);
  }, 1_200_000);

  test('pages that Salesforce shortens lose no mail, and import no task that only logs one', async () => {
    const email = 'short@acme.example';
    const channelId = await connected(email);
    const { id } = await stage.sandbox.fault('salesforce', email, 'pages_short');
    const sent = await deliver(email, 20);
    const [call] = await deliver(email, 1, { object: 'Task' });
    const machine = importing(await later(60_000));
    await machine.settle(channelId);
    expect(idsOf(await storedRecords(channelId))).toEqual(deliveredIds([...sent, call!]));
    await stage.sandbox.mend(id);
    await later(0);
  }, 60_000);

  test('an organization without Enhanced Email is connected, and its mails are read from the connection on', async () => {
    const email = 'tasks-only@acme.example';
    await stage.sandbox.account('salesforce', email);
    const { id } = await stage.sandbox.fault('salesforce', email, 'emails_hidden');
    const channelId = channelOf(await connectSalesforce(stage, email));
    const setAside = () => stage.context.database.inTenant(TENANT, (tx) => listChannelSetAside(tx, [channelId]));
    const aside = { folder: 'EmailMessage', reason: 'refused' };
    expect((await setAside()).get(channelId)).toMatchObject([aside]);
    const { channel, settle } = importing(stage.context);
    const [call] = await deliver(email, 1, { object: 'Task' });
    await expect
      .poll(async () => {
        await settle(channelId);
        return idsOf(await storedRecords(channelId));
      })
      .toEqual([call!.provider_id]);
    expect(await channel(channelId)).toMatchObject({ status: 'connected', importState: 'idle' });
    await stage.sandbox.mend(id);
    const mails = await deliver(email, 2);
    const machine = importing(await later(HOUR_MS));
    await machine.settle(channelId);
    await importing(await later(HOUR_MS + 60_000)).settle(channelId);
    expect((await setAside()).get(channelId) ?? []).toEqual([]);
    expect(idsOf(await storedRecords(channelId))).toEqual(deliveredIds([call!, ...mails]));
    await later(0);
  }, 60_000);
});
