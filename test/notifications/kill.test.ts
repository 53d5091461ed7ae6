import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { letHappen } from '../../channels/happenings.ts';
import { changeChannel } from '../../channels/wake.ts';
import { listNotices } from '../../db/notices/notices.ts';
import { channels } from '../../db/schema/channels.ts';
import { verdict } from '../../domain/verdict-builders.ts';
import { planAll } from '../support/settle.ts';
import { startWorkerProcess } from '../connections/server-process.ts';
import { until } from '../support/engine.ts';
import { startMailServer } from '../support/mail-server.ts';
import type { MailServer } from '../support/mail-server.ts';
import { personal } from '../support/minting.ts';
import { raiseStage } from '../support/stage.ts';
import type { Stage } from '../support/stage.ts';
import { startTemporalServer } from '../support/temporal-server.ts';
import { addChannel } from '../webhooks/stage.ts';

const TENANT = 'acme';

let stage: Stage;
let server: MailServer;
let temporal: Awaited<ReturnType<typeof startTemporalServer>>;

beforeAll(async () => {
  server = await startMailServer();
  const variables = { SMTP_URL: server.url, MAIL_FROM: 'Mooring <no-reply@mooring.example>' };
  stage = await raiseStage({ variables });
  temporal = await startTemporalServer({ timeSkipping: false });
}, 120_000);
afterAll(async () => {
  await temporal.teardown();
  await stage.close();
  await server.close();
});

/** A channel of this owner that needs a sign-in. */
async function broken(owner: string): Promise<void> {
  const { context } = stage;
  const channelId = await addChannel(context.database, TENANT);
  const refused = verdict('reauth_required', 'password_changed');
  await changeChannel(context, { tenantId: TENANT, channelId }, async ({ tx, now }, row) => {
    await tx
      .update(channels)
      .set({ owner: { email: owner, name: null } })
      .where(eq(channels.id, channelId));
    return letHappen(tx, row, { type: 'refused', credentialVersion: 1, verdict: refused }, now);
  });
}

const listed = () =>
  stage.context.database.inTenant(TENANT, (tx) =>
    listNotices(tx, {
      tenantId: TENANT,
      channelId: null,
      incidentId: null,
      kind: null,
      state: null,
      after: null,
      limit: 10,
    }),
  );
const areSent = async () => (await listed()).every(({ state }) => state === 'sent');
const worker = (more: Record<string, string> = {}) =>
  startWorkerProcess({ ...stage.environment, TEMPORAL_ADDRESS: temporal.address, ...more });

/*
 * The one window in which a mail is sent twice: the mail server has said 250, and the worker dies before it has
 * committed that. The second mail has the Message-ID of the first, by which mail servers and programs know it.
 */
it('KILL: workers that die between plan and mail lose none, and send one twice only between 250 and commit', async () => {
  const owners = [`${personal('owner')}@people.example`, `${personal('owner')}@people.example`];
  await broken(owners[0] ?? '');
  const first = await worker({ MOORING_KILL_AT: 'mail.planned' });
  expect(await first.died).toBe('SIGKILL');
  expect(server.mails).toEqual([]);
  // Planned, and the planner died before it signalled: there is no workflow.
  await broken(owners[1] ?? '');
  await planAll(stage.context);
  const second = await worker({ MOORING_KILL_AT: 'mail.taken' });
  expect(await second.died).toBe('SIGKILL');
  expect(server.mails).toHaveLength(1);
  const third = await worker();
  await until('both notices', areSent, 90_000);
  await third.stop();
  expect(server.mails).toHaveLength(3);
  expect(new Set(server.mails.map(({ to }) => to))).toEqual(new Set(owners));
  expect(new Set(server.mails.map(({ mail }) => mail.messageId)).size).toBe(2);
}, 180_000);
