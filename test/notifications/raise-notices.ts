import { eq } from 'drizzle-orm';
import { ensureTenant, findPolicy, setPolicy } from '../../db/access/tenants.ts';
import { listNotices } from '../../db/notices/notices.ts';
import type { NoticeRow } from '../../db/notices/notices.ts';
import { channels } from '../../db/schema/channels.ts';
import type { Person, TenantPolicy } from '../../db/schema/tenants.ts';
import type { Clock } from '../../domain/clock.ts';
import { startPlanner } from '../../notifications/planner.ts';
import { startApi } from '../support/api.ts';
import { channelOf, connectGmail } from '../support/connect.ts';
import { raiseEngine, until } from '../support/engine.ts';
import { startMailServer } from '../support/mail-server.ts';
import type { Refusal } from '../support/mail-server.ts';
import { personal } from '../support/minting.ts';
import { raiseStage } from '../support/stage.ts';

/** A channel and the addresses of its people; all of them are looked for in logs and histories. */
export interface Told {
  id: string;
  tenantId: string;
  email: string;
}

export const address = (who: string) => `${personal(who)}@people.example`;
export const person = (email: string, more: Partial<Person> = {}): Person => ({ email, name: null, ...more });

/** An engine whose mails go to a real mail server, with the planner and the API. */
export async function raiseNotices({
  timeSkipping,
  refuse,
}: {
  timeSkipping: boolean;
  refuse?: (address: string) => Refusal | null;
}) {
  let clock: Clock | null = null;
  const now = async () => (clock ? clock.now() : new Date());
  const server = await startMailServer({ now, ...(refuse ? { refuse } : {}) });
  const variables = { SMTP_URL: server.url, MAIL_FROM: 'Mooring <no-reply@mooring.example>' };
  const engine = await raiseEngine(await raiseStage({ variables }), { timeSkipping });
  const { context, sandbox } = engine;
  clock = context.clock;
  await sandbox.settings('google', { token_life_s: 30 * 86_400 });
  const planner = startPlanner(context);
  const api = await startApi(context);
  return {
    engine,
    api,
    server,
    now,
    /** The mails that an address got. */
    to: server.to,
    async policy(tenantId: string, policy: Partial<TenantPolicy>) {
      await context.database.inTenant(tenantId, async (tx) => {
        await ensureTenant(tx, tenantId, new Date());
        await setPolicy(tx, tenantId, { ...(await findPolicy(tx, tenantId)), ...policy });
      });
    },
    /** A channel that does nothing by itself but be connected, or wait for its person. */
    async connect(
      tenantId: string,
      { owner, kind = 'individual' }: { owner?: Person; kind?: 'individual' | 'shared' },
    ) {
      const email = `${personal('mailbox')}@example.com`;
      const spec = { owner: owner ?? null, kind, import: 'off' } as const;
      const id = channelOf(await connectGmail(engine, email, { tenantId, spec }));
      await context.database.inTenant(tenantId, (tx) =>
        tx.update(channels).set({ keepWarm: 'when_used' }).where(eq(channels.id, id)),
      );
      return { id, tenantId, email };
    },
    /** The provider withdraws the access, and a report of the product's has it noticed. */
    async breakAccess({ id, email }: Told) {
      await sandbox.fault('google', email, 'access_revoked');
      await api.call('POST', `/v1/channels/${id}/report-failure`, { http_status: 401 });
      await until('the refusal', async () => (await statusOf(id)) === 'reauth_required', 30_000);
    },
    /** The person signs in again. */
    async signIn({ tenantId, email }: Told) {
      channelOf(await connectGmail(engine, email, { tenantId, spec: { import: 'off' } }));
    },
    notices: ({ id, tenantId }: Told): Promise<NoticeRow[]> =>
      context.database.inTenant(tenantId, (tx) =>
        listNotices(tx, {
          tenantId,
          channelId: id,
          incidentId: null,
          kind: null,
          state: null,
          after: null,
          limit: 200,
        }),
      ),
    async close() {
      await planner.stop();
      await api.close();
      await engine.close();
      await server.close();
    },
  };

  async function statusOf(id: string): Promise<string> {
    return ((await api.call('GET', `/v1/channels/${id}`)).json as { status: string }).status;
  }
}
export type Notices = Awaited<ReturnType<typeof raiseNotices>>;
