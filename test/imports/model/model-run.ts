import { syncBuiltinESMExports } from 'node:module';
import timers from 'node:timers/promises';
import { expect, vi } from 'vitest';
import { completeSignIn, proveSignIn } from '../../../connections/complete-sign-in.ts';
import type { Context } from '../../../runtime/context.ts';
import type { Transaction } from '../../../db/client.ts';
import { listCursors } from '../../../db/imports/cursors.ts';
import { importItems } from '../../../db/schema/imports.ts';
import { Secret } from '../../../domain/secret.ts';
import { and, eq, isNull, or } from 'drizzle-orm';
import { skippedCount } from '../../../domain/receipt.ts';
import { secret } from '../../support/minting.ts';
import type { Stage } from '../../support/stage.ts';
import { importing, TENANT } from '../importing.ts';
import { dice, ModelMailbox } from './model-mailbox.ts';
import type { Dice, ModelMessage } from './model-mailbox.ts';
import { modelProvider, refusal } from './model-provider.ts';
import type { ModelAccount } from './model-provider.ts';
import { Killed, mortal } from './mortal.ts';
import type { Death } from './mortal.ts';
import { listOwed } from './owed-parts.ts';
import { LINK_SPEC } from '../../support/connect.ts';

const HOUR_MS = 3_600_000;
const FOLDERS = ['INBOX', 'Sent', 'Projects'];

/** What can happen at a call of the provider's. */
export const TROUBLES = [
  'transient',
  'rate_limited',
  'refused',
  'broken',
  'killed',
  'fault',
  'slow',
  'arrival',
  'removal',
  'move',
  'failure',
  'expiry',
  'renumbering',
] as const;

export interface Trouble {
  what: (typeof TROUBLES)[number];
  /** At which call of the stretch. */
  at: number;
}

export interface Stretch {
  /** `twice`: two processes at the same import, one of which was taken for dead. */
  lane: 'poll' | 'cursor' | 'requested' | 'both' | 'twice';
  troubles: Trouble[];
  death: Death | null;
  seed: number;
}

export type Step =
  | { do: 'deliver'; folder: number; count: number }
  | { do: 'change'; what: 'remove' | 'move' | 'expire' | 'renumber'; folder: number; seed: number }
  | { do: 'work'; stretch: Stretch }
  | { do: 'request'; backH: number }
  | { do: 'sign_in' }
  | { do: 'pass'; hours: number };

export interface World {
  skewH: number;
  tellsTime: boolean;
  walks: boolean;
  earlier: number;
}

/** An error of our own. */
class Fault extends Error {}
/** A slice that breaks for this time is put off. */
const LAST_ATTEMPT = 4;

let nowMs = Date.parse('2026-03-01T00:00:00.123Z');
let steadyMs = 0;
const steady = performance.now.bind(performance);

/** Our clock in these runs: it never stands still, and jumps when it is told to. */
export const modelClock = { now: async () => new Date(++nowMs) };

/** A sleep is over at once, and both clocks have passed it. */
export function takeTheClocks(): void {
  vi.spyOn(performance, 'now').mockImplementation(() => steady() + steadyMs);
  vi.spyOn(timers, 'setTimeout').mockImplementation(async (ms = 0) => {
    nowMs += ms;
    steadyMs += ms;
  });
  syncBuiltinESMExports();
}

export function giveTheClocksBack(): void {
  vi.restoreAllMocks();
  syncBuiltinESMExports();
}

const accounts = new Map<string, ModelAccount>();
export const modelProviders = new Map([
  [
    'imap' as const,
    modelProvider((username) => {
      const account = accounts.get(username);
      if (!account) throw new Error(`no account ${username}`);
      return account;
    }),
  ],
]);

/** One channel at a mailbox of the model, and what is known of both. */
export class ModelRun {
  readonly #context: Context;
  readonly #mailbox: ModelMailbox;
  readonly #login: string;
  readonly #tellsTime: boolean;
  readonly #walks: boolean;
  #channelId = '';

  private constructor(context: Context, login: string, world: World) {
    this.#context = context;
    this.#login = login;
    this.#tellsTime = world.tellsTime;
    this.#walks = world.walks;
    this.#mailbox = new ModelMailbox(FOLDERS, world.skewH * HOUR_MS, () => new Date(++nowMs));
  }

  static async connect({ context }: Pick<Stage, 'context'>, login: string, world: World): Promise<ModelRun> {
    const run = new ModelRun(context, login, world);
    run.#mailbox.deliver(run.#mailbox.folder(0), world.earlier, 240 * HOUR_MS);
    run.#behave(dice(world.earlier), () => {});
    await run.#signIn();
    run.#mailbox.connected = true;
    return run;
  }

  async take(step: Step): Promise<void> {
    const mailbox = this.#mailbox;
    switch (step.do) {
      case 'deliver':
        mailbox.deliver(mailbox.folder(step.folder), step.count);
        break;
      case 'change':
        await this.#change(step.what, mailbox.folder(step.folder).name, dice(step.seed));
        break;
      case 'work':
        await this.#work(step.stretch);
        break;
      case 'request':
        await importing(this.#context).queue(this.#channelId, {
          cause: 'requested',
          windowFrom: new Date(nowMs - step.backH * HOUR_MS),
        });
        break;
      case 'sign_in':
        await this.#signIn();
        break;
      case 'pass':
        nowMs += step.hours * HOUR_MS;
    }
    await this.#check();
  }

  /** Nothing happens any more; the machine comes to rest. */
  async settle(): Promise<void> {
    const { poll, finish, channel, imports } = importing(this.#context);
    this.#behave(dice(1), () => {});
    for (let round = 0; ; round++) {
      if (round === 20) throw new Error('20 rounds without trouble, and the machine has not come to rest');
      nowMs += 25 * HOUR_MS;
      if ((await channel(this.#channelId)).status === 'reauth_required') await this.#signIn();
      const { outcome } = await poll(this.#channelId);
      const running = (await imports(this.#channelId)).filter(({ state, owed }) => state === 'running' || owed);
      for (const { id } of running) {
        nowMs += 25 * HOUR_MS;
        await finish(this.#channelId, id);
      }
      await this.#check();
      if (outcome === 'nothing' && running.length === 0) break;
    }
    await this.#checkWhole();
  }

  async #signIn(): Promise<void> {
    const credential = {
      kind: 'password',
      server: { kind: 'imap', host: 'model.example', port: 993, security: 'tls' },
      username: this.#login,
      password: new Secret(secret('password')),
    } as const;
    const signal = AbortSignal.timeout(60_000);
    this.#behave(dice(2), () => {});
    const proof = await proveSignIn(
      this.#context,
      'imap',
      { ...credential, email: this.#login, mailbox: null, context: {} },
      signal,
    );
    const signedIn = await completeSignIn(this.#context, {
      tenantId: TENANT,
      link: null,
      accessType: 'imap',
      spec: LINK_SPEC,
      credential,
      proof,
      coveredUntil: null,
    });
    if (signedIn.status !== 'connected') throw new Error(signedIn.detail);
    this.#channelId = signedIn.channel;
  }

  #behave(roll: Dice, meet: ModelAccount['meet']): void {
    const character = { tellsTime: this.#tellsTime, walks: this.#walks };
    accounts.set(this.#login, { mailbox: this.#mailbox, ...character, roll, meet });
  }

  async #work({ lane, troubles, death, seed }: Stretch): Promise<void> {
    const life = { over: false };
    const roll = dice(seed);
    let calls = 0;
    let broken = false;
    this.#behave(roll, (message) => {
      if (life.over) throw new Killed();
      if (broken) throw refusal('transient', 'network');
      for (const { what } of troubles.filter(({ at }) => at === calls)) {
        if (what === 'killed') life.over = true;
        if (what === 'broken') broken = true;
        this.#meet(what, roll, message);
      }
      calls++;
    });
    try {
      const breaks = troubles.some(({ what }) => what === 'fault');
      await this.#stretch(mortal(this.#context, life, death), lane, breaks ? LAST_ATTEMPT : 1);
    } catch (error) {
      if (!(error instanceof Killed || error instanceof Fault)) throw error;
    }
  }

  async #stretch(context: Context, lane: Stretch['lane'], attempt: number): Promise<void> {
    const { poll, slice } = importing(context);
    if (lane === 'poll') return void (await poll(this.#channelId));
    const running = (await importing(this.#context).imports(this.#channelId)).filter(
      ({ state, owed, movesCursor }) =>
        (state === 'running' || owed) && (lane === 'both' || movesCursor === (lane !== 'requested')),
    );
    const work = lane === 'twice' ? [...running, ...running] : running;
    const ended = await Promise.allSettled(work.map(({ id }) => slice(this.#channelId, id, attempt)));
    const failed = ended.find(({ status }) => status === 'rejected');
    if (failed?.status === 'rejected') throw failed.reason;
  }

  #meet(what: Trouble['what'], roll: Dice, message: ModelMessage | undefined): void {
    const mailbox = this.#mailbox;
    const folder = mailbox.folder(roll(FOLDERS.length));
    switch (what) {
      case 'transient':
      case 'rate_limited':
      case 'broken':
        if (message) message.interrupted++;
        throw refusal(what === 'rate_limited' ? 'rate_limited' : 'transient', 'network');
      case 'refused':
        if (message) message.interrupted++;
        throw refusal('reauth_required', 'password_changed');
      case 'killed':
        if (message) message.interrupted++;
        throw new Killed();
      case 'fault':
        if (message) message.interrupted++;
        throw new Fault();
      case 'slow':
        steadyMs += 25_000;
        return;
      case 'arrival':
        return mailbox.deliver(folder, 1 + roll(2));
      case 'removal':
        return mailbox.remove(roll);
      case 'move':
        return mailbox.move(roll);
      case 'failure':
        if (message) message.failures = Math.min(1, message.failures + 1);
        return;
      case 'expiry':
        return mailbox.expire(folder);
      case 'renumbering':
        return mailbox.renumber(folder, roll);
    }
  }

  async #change(what: 'remove' | 'move' | 'expire' | 'renumber', name: string, roll: Dice): Promise<void> {
    const mailbox = this.#mailbox;
    const folder = mailbox.named(name);
    if (what === 'remove') mailbox.remove(roll);
    else if (what === 'move') mailbox.move(roll);
    else if (folder && what === 'expire') mailbox.expire(folder);
    else if (folder) mailbox.renumber(folder, roll);
  }

  /** What holds at any time. */
  async #check(): Promise<void> {
    const { stored, channel, imports, receipt } = importing(this.#context);
    const rows = await stored(this.#channelId);
    const ids = rows.map(({ messageId }) => messageId ?? '');
    expect(new Set(ids).size, `stored twice: ${ids.filter((id, i) => ids.indexOf(id) !== i).join()}`).toBe(ids.length);
    const accounted = new Set([...ids, ...(await this.#accountedFor())]);
    await this.#checkCursors(accounted);
    const { coveredUntil } = await channel(this.#channelId);
    this.#checkCovered(coveredUntil ?? new Date(0), accounted);
    for (const row of await imports(this.#channelId)) {
      const counts = await receipt(row.id);
      if (!counts) throw new Error(`import ${row.id} has no receipt`);
      expect(counts.found).toBe(counts.imported + counts.alreadyHad + skippedCount(counts) + counts.missing);
      expect(counts.imported).toBe(rows.filter(({ importId }) => importId === row.id).length);
      if (row.state === 'completed') expect(counts.missing).toBe(0);
    }
  }

  /** Rule 9: the cursor is never beyond what is stored, or written down as still to do. */
  async #checkCursors(accounted: Set<string>): Promise<void> {
    const cursors = await this.#inTenant((tx) => listCursors(tx, this.#channelId));
    const owed = await this.#inTenant((tx) => listOwed(tx, this.#channelId));
    for (const { scope, cursor } of cursors) {
      const at = JSON.parse(cursor) as { generation: number; uid: number };
      const folder = this.#mailbox.named(scope);
      if (folder?.generation !== at.generation) continue;
      const from = owed.get(scope);
      if (from !== undefined) at.uid = Math.min(at.uid, from.generation === at.generation ? from.uid : 0);
      for (const [uid, message] of folder.live) {
        if (uid > at.uid || !message.ours || message.outOfReach || accounted.has(message.messageId)) continue;
        throw new Error(`the cursor of ${scope} is at ${at.uid}, and ${message.messageId} (${uid}) is not stored`);
      }
    }
  }

  #checkCovered(coveredUntil: Date, accounted: Set<string>): void {
    for (const { live } of this.#mailbox.folders) {
      for (const { ours, receivedAt, arrivedAt, messageId, been } of live.values()) {
        // A moved message may lie after the cursor of its new folder, with any date.
        if (!ours || been.size > 1 || accounted.has(messageId)) continue;
        if ((this.#tellsTime ? receivedAt : arrivedAt) > coveredUntil) continue;
        throw new Error(`covered until ${coveredUntil.toISOString()}, and ${messageId} is not stored`);
      }
    }
  }

  /** Written down as listed and not settled: still to do, or in quarantine. */
  async #accountedFor(): Promise<string[]> {
    const unsettled = or(isNull(importItems.outcome), eq(importItems.outcome, 'skipped'));
    const items = await this.#inTenant((tx) =>
      tx
        .select()
        .from(importItems)
        .where(and(eq(importItems.channelId, this.#channelId), unsettled)),
    );
    return items.flatMap(({ scope, generation, providerId, skipReason }) => {
      const folder = this.#mailbox.named(scope);
      const message = String(folder?.generation) === generation ? folder?.live.get(Number(providerId)) : undefined;
      const inQuarantine = skipReason !== null && (message?.interrupted ?? 0) >= 3;
      return message && (skipReason === null || inQuarantine) ? [message.messageId] : [];
    });
  }

  async #checkWhole(): Promise<void> {
    const { stored, channel } = importing(this.#context);
    const ids = new Set((await stored(this.#channelId)).map(({ messageId }) => messageId ?? ''));
    const quarantined = new Set(await this.#accountedFor());
    const present = [...this.#mailbox.present().values()];
    const lost = present.filter(({ ours, outOfReach, messageId }) => {
      return ours && !outOfReach && !ids.has(messageId) && !quarantined.has(messageId);
    });
    expect(lost.map(({ messageId }) => messageId)).toEqual([]);
    const known = new Set(this.#mailbox.arrived.map(({ messageId }) => messageId));
    expect([...ids].filter((id) => !known.has(id))).toEqual([]);
    expect(await channel(this.#channelId)).toMatchObject({ status: 'connected', importState: 'idle' });
  }

  #inTenant<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    return this.#context.database.inTenant(TENANT, work);
  }
}
