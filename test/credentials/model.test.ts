import { sql } from 'drizzle-orm';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkChannel } from '../../credentials/check.ts';
import { refreshCredential } from '../../credentials/refresh.ts';
import type { Context } from '../../runtime/context.ts';
import { updateChannel } from '../../db/channels/channels.ts';
import type { LinkResult } from '../../db/access/links.ts';
import { KILL_POINTS } from '../../domain/kill-points.ts';
import { freshLifeMs } from '../../domain/schedule.ts';
import { connectGmail } from '../support/connect.ts';
import { declaring, rotationOf } from './declaring.ts';
import type { Mode } from './declaring.ts';
import { mortal, recording } from './mortal.ts';
import type { Ledger } from './mortal.ts';
import { setScene, TENANT } from './scene.ts';

/*
 * with any refreshes, sign-ins and reports at the same time, answers lost, processes dead and clocks
 * moved on, rules 2 to 6 hold, on the real database and a provider that rotates in each of its ways. The suite plays
 * some lives; `MODEL_RUNS=500 npx vitest run test/credentials/model.test.ts` is the long form.
 */

const LONG_FORM = process.env['MODEL_RUNS'];
const RUNS = Number(LONG_FORM ?? 15);
/** The suite plays the same lives each time; the long form others. */
const SEED = LONG_FORM ? {} : { seed: 17 };
const REFRESH_POINTS = KILL_POINTS.filter((point) => point.startsWith('refresh.'));

type Step =
  | { do: 'refresh'; callers: number; slowMs: number }
  | { do: 'refresh_and_die'; point: (typeof REFRESH_POINTS)[number] }
  | { do: 'sign_in'; withRefreshToken: boolean }
  | { do: 'report'; refused: boolean }
  | { do: 'lose_an_answer' }
  | { do: 'wait'; ms: number };

const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('refresh' as const),
      callers: fc.integer({ min: 1, max: 4 }),
      slowMs: fc.constantFrom(0, 100, 400),
    }),
  },
  fc.record({ do: fc.constant('refresh_and_die' as const), point: fc.constantFrom(...REFRESH_POINTS) }),
  fc.record({ do: fc.constant('sign_in' as const), withRefreshToken: fc.boolean() }),
  fc.record({ do: fc.constant('report' as const), refused: fc.boolean() }),
  fc.constant({ do: 'lose_an_answer' as const }),
  fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(1_000, 16_000, 31_000, 1_700_000, 3_590_000) }),
);
/** What happens at the same time, one such after the other. */
const lives = fc.array(fc.array(steps, { minLength: 1, maxLength: 3 }), { minLength: 2, maxLength: 8 });

const WORLDS: { mode: Mode; declared: boolean }[] = [
  { mode: 'none', declared: false },
  { mode: 'strict', declared: false },
  { mode: 'strict', declared: true },
  { mode: 'tolerant', declared: true },
  { mode: 'grace', declared: true },
];

const scene = setScene();
let lifeCount = 0;

class Life {
  readonly email = `life-${++lifeCount}@example.com`;
  readonly ledger: Ledger = { uses: [], family: new Map(), isProbe: () => this.isProbe() };
  readonly faults: string[] = [];
  readonly world: (typeof WORLDS)[number];
  channelId = '';
  /** An answer may have died with its process, or on its way. */
  mayBeLost = false;
  /** Sign-ins since the last check that brought a grant of their own. */
  newGrants = 0;
  #before = { version: 0, secretVersion: 0, family: '' };

  constructor(world: (typeof WORLDS)[number]) {
    this.world = world;
  }

  context(slowMs = 0): Context {
    const { context } = scene.stage;
    const { mode, declared } = this.world;
    return recording(declared ? declaring(context, rotationOf(mode)) : context, this.ledger, slowMs);
  }

  async begin(): Promise<void> {
    this.channelId = await scene.connect(this.email, { rotation: this.world.mode });
    await this.check();
  }

  async refresh(context = this.context()): Promise<string> {
    const { version } = (await scene.read(this.channelId)).credential;
    return refreshCredential(context, { tenantId: TENANT, accessType: 'gmail', channelId: this.channelId, version });
  }

  async take(step: Step): Promise<unknown> {
    switch (step.do) {
      case 'refresh':
        return Promise.all(Array.from({ length: step.callers }, () => this.refresh(this.context(step.slowMs))));
      case 'refresh_and_die': {
        if (step.point === 'refresh.written' || step.point === 'refresh.received') this.mayBeLost = true;
        const { context, died } = mortal(this.context(), step.point);
        return Promise.race([this.refresh(context).catch(() => 'died'), died]);
      }
      case 'sign_in':
        return this.signIn(step.withRefreshToken ? {} : { prompt: 'select_account' });
      case 'report':
        return this.report(step.refused);
      case 'lose_an_answer': {
        this.mayBeLost = true;
        const lost = await scene.stage.sandbox.fault('google', this.email, 'lost_response', {
          kind: 'token',
          times: 1,
        });
        return this.faults.push(lost.id);
      }
      case 'wait':
        return scene.advance(step.ms);
    }
  }

  /** Tried again where it was this sign-in's answer that got lost, as a person would. */
  async signIn(how: { prompt?: string } = {}): Promise<LinkResult> {
    const result = await connectGmail(scene.stage, this.email, how).catch(() => null);
    if (result === null) return this.signIn(how);
    if (result.status === 'connected' && how.prompt === undefined) this.newGrants += 1;
    return result;
  }

  /** A report that the token does not work, which may be true. */
  async report(isRefused: boolean): Promise<unknown> {
    if (isRefused) await scene.reportRefused(this.channelId);
    const checkRequestedAt = await scene.clock.now();
    const { channelId } = this;
    await scene.stage.context.database.inTenant(TENANT, (tx) => updateChannel(tx, channelId, { checkRequestedAt }));
    return checkChannel(this.context(), { tenantId: TENANT, channelId });
  }

  async isProbe(): Promise<boolean> {
    const [row] = await scene.stage.context.database.inTenant(TENANT, (tx) =>
      tx.execute<{ probe: boolean }>(
        sql`select probe from refresh_attempts where channel_id = ${this.channelId} order by started_at desc limit 1`,
      ),
    );
    return row?.probe ?? false;
  }

  /** What holds between any two groups of steps. */
  async check(): Promise<void> {
    const { channel, credential } = await scene.read(this.channelId);
    // Rule 2.
    expect(channel.credentialVersion).toBe(credential.version);
    expect(credential.version).toBeGreaterThanOrEqual(this.#before.version);
    expect(credential.secretVersion).toBeGreaterThanOrEqual(this.#before.secretVersion);
    // Rule 2: a sign-in's grant replaces the old one, with any outcome of a refresh of the old one, now or later.
    const secret = await scene.openSecret(this.channelId);
    const family = this.ledger.family.get(secret) ?? secret;
    if (this.newGrants > 0) expect(family).not.toBe(this.#before.family);
    else expect(family).toBe(this.#before.family || family);
    this.newGrants = 0;
    // Rule 5.
    if (!this.mayBeLost || !ends(this.world)) expect(channel.status).not.toBe('reauth_required');
    if (channel.status === 'reauth_required') expect(channel.statusReason).toBe('refresh_outcome_unknown');
    // Rule 6.
    const lifeMs = credential.expiresAt!.getTime() - credential.issuedAt!.getTime();
    const leftMs = credential.expiresAt!.getTime() - (await scene.clock.now()).getTime();
    const isFresh = leftMs > freshLifeMs(lifeMs) + 1_000 && !credential.accessTokenRefusedAt;
    if (isFresh) expect(await scene.isServed(this.channelId)).toBe(true);
    this.#before = { version: credential.version, secretVersion: credential.secretVersion, family };
  }

  /** The faults are over, time passes, and at the worst the person signs in once: then it works. */
  async heal(): Promise<void> {
    for (const id of this.faults) await scene.stage.sandbox.mend(id).catch(() => {});
    for (let tries = 0; tries < 6 && (await this.refresh()) !== 'refreshed'; tries++) await scene.advance(1_800_000);
    const { channel } = await scene.read(this.channelId);
    if (channel.status === 'reauth_required') await this.signIn();
    expect(await this.refresh()).toBe('refreshed');
    expect((await scene.read(this.channelId)).channel.status).toBe('connected');
    const opened = await scene.events(this.channelId, 'incident.opened');
    const closed = await scene.events(this.channelId, 'incident.closed');
    expect(closed.length).toBe(opened.length);
  }

  /** Rules 3 and 4: never two at once, and under strict rotation none twice but for the marked probe. */
  checkUses(): void {
    const byToken = Map.groupBy(this.ledger.uses, ({ token }) => token);
    for (const uses of byToken.values()) {
      const inTime = uses.toSorted((a, b) => a.sentAtMs - b.sentAtMs);
      for (const [i, use] of inTime.entries()) {
        const earlier = inTime[i - 1];
        if (earlier) expect(earlier.endedAtMs ?? Infinity).toBeLessThanOrEqual(use.sentAtMs);
      }
      if (isStrict(this.world)) expect(inTime.slice(1).filter(({ isProbe }) => !isProbe)).toEqual([]);
    }
  }
}

const isStrict = ({ mode }: { mode: Mode }) => mode === 'strict';
/** A spent token's life ends, at once or a little later. */
const ends = ({ mode }: { mode: Mode }) => mode === 'strict' || mode === 'grace';

test.for(WORLDS)('$mode rotation (declared: $declared)', { timeout: 60_000 + RUNS * 10_000 }, async (world) => {
  const play = fc.asyncProperty(lives, async (groups) => {
    const life = new Life(world);
    await life.begin();
    for (const group of groups) {
      await Promise.all(group.map((step) => life.take(step)));
      await life.check();
    }
    await life.heal();
    life.checkUses();
  });
  // A life is played against servers: another with fewer steps is another life, so nothing is shrunk.
  await fc.assert(play, { ...SEED, numRuns: Math.ceil(RUNS / WORLDS.length), endOnFailure: true });
});
