import { sql } from 'drizzle-orm';
import { afterAll, beforeAll } from 'vitest';
import { probeTime } from '../../domain/doubt.ts';
import { findDoubt } from '../../db/credentials/refresh-attempts.ts';
import { refreshCredential } from '../../credentials/refresh.ts';
import type { RefreshOutcome } from '../../credentials/refresh-answer.ts';
import type { Context } from '../../runtime/context.ts';
import { ensureTenant, findPolicy, setPolicy } from '../../db/access/tenants.ts';
import { findChannel } from '../../db/channels/channels.ts';
import type { ChannelRow } from '../../db/channels/channels.ts';
import { findCredential, markTokenRefused } from '../../db/credentials/credentials.ts';
import type { CredentialRow } from '../../db/credentials/credentials.ts';
import { readAccessToken } from '../../db/credentials/token-reads.ts';
import { channelOf, connectGmail } from '../support/connect.ts';
import { databaseAs } from '../support/logins.ts';
import { GRACE_SECONDS } from './declaring.ts';
import type { Mode } from './declaring.ts';
import { raiseStage } from '../support/stage.ts';
import type { Stage } from '../support/stage.ts';

export const TENANT = 'acme';

/** A stage for a test file about credentials, with what its tests do and ask, and both clocks in its hands. */
export class Scene {
  #aheadMs = 0;
  #stage: Stage | null = null;
  /** This machine's time, moved: the database runs on the same machine. */
  readonly clock = { now: () => Promise.resolve(new Date(Date.now() + this.#aheadMs)) };

  get aheadMs(): number {
    return this.#aheadMs;
  }

  async raise(): Promise<void> {
    this.#stage = await raiseStage({ given: { clock: this.clock } });
  }

  /** Its channels are due only for what their credentials need. */
  async withoutReminders(): Promise<void> {
    const now = await this.clock.now();
    await this.stage.context.database.inTenant(TENANT, async (tx) => {
      await ensureTenant(tx, TENANT, now);
      const policy = await findPolicy(tx, TENANT);
      await setPolicy(tx, TENANT, { ...policy, remindersDays: [], reminderRepeatDays: null });
    });
  }

  get stage(): Stage {
    if (!this.#stage) throw new Error('The stage is not raised yet');
    return this.#stage;
  }

  /** Moves our clock and the providers'. */
  async advance(ms: number): Promise<void> {
    this.#aheadMs += ms;
    await this.stage.sandbox.setClock(this.#aheadMs / 1000);
  }

  rotate(rotation: Mode, tokenLifeS = 3600) {
    const settings = { refresh_rotation: rotation, token_life_s: tokenLifeS, grace_s: GRACE_SECONDS };
    return this.stage.sandbox.settings('google', settings);
  }

  /** A Gmail channel; how the provider rotates, its adapter does not know. */
  async connect(email: string, { rotation = 'none', tokenLifeS = 3600 }: Partial<Rotating> = {}): Promise<string> {
    await this.rotate(rotation, tokenLifeS);
    return channelOf(await connectGmail(this.stage, email));
  }

  async read(channelId: string): Promise<{ channel: ChannelRow; credential: CredentialRow }> {
    return this.stage.context.database.inTenant(TENANT, async (tx) => {
      const channel = await findChannel(tx, channelId);
      const credential = await findCredential(tx, channelId);
      if (!channel || !credential) throw new Error(`There is no channel ${channelId}`);
      return { channel, credential };
    });
  }

  /** Refreshes the live version. */
  async refresh(channelId: string, context: Context = this.stage.context): Promise<RefreshOutcome> {
    const { version } = (await this.read(channelId)).credential;
    return refreshCredential(context, { tenantId: TENANT, accessType: 'gmail', channelId, version });
  }

  /** The refresh token as it is stored. */
  async openSecret(channelId: string): Promise<string> {
    const { sealedSecret, secretVersion: version } = (await this.read(channelId)).credential;
    const binding = { tenant: TENANT, owner: channelId, kind: 'refresh_secret', version } as const;
    return (await this.stage.context.vault.open(sealedSecret, binding)).reveal();
  }

  async probeTime(channelId: string): Promise<Date | null> {
    const { credential } = await this.read(channelId);
    const now = await this.clock.now();
    const doubt = await this.stage.context.database.inTenant(TENANT, (tx) => findDoubt(tx, credential));
    return probeTime(credential, doubt, now);
  }

  /** Marks the access token as refused by the provider, so that it is not served. */
  async reportRefused(channelId: string): Promise<void> {
    const { version } = (await this.read(channelId)).credential;
    const now = await this.clock.now();
    await this.stage.context.database.inTenant(TENANT, (tx) => markTokenRefused(tx, channelId, version, now));
  }

  /** Whether a reader would get the token now. */
  async isServed(channelId: string): Promise<boolean> {
    const question = { channelId, tenantId: TENANT, apiKeyId: 'key_test', now: await this.clock.now(), minLifeMs: 0 };
    return (await readAccessToken(databaseAs('server', this.stage.context.database), question))?.served === 'fresh';
  }

  /** Refreshes that reached the provider. */
  async refreshes(email: string) {
    const requests = await this.stage.sandbox.requests('google', 'token', email);
    return requests.filter(({ grant_type }) => grant_type === 'refresh_token');
  }

  async events(channelId: string, type: string): Promise<{ status?: string; status_reason?: string }[]> {
    const rows = await this.stage.context.database.inTenant(TENANT, (tx) =>
      tx.execute<{ data: { status?: string; status_reason?: string } }>(
        sql`select data from events where channel_id = ${channelId} and type = ${type} order by seq`,
      ),
    );
    return rows.map(({ data }) => data);
  }
}

interface Rotating {
  rotation: Mode;
  tokenLifeS: number;
}

/** The scene of this test file. */
export function setScene(): Scene {
  const scene = new Scene();
  beforeAll(() => scene.raise());
  afterAll(() => scene.stage.close());
  return scene;
}
