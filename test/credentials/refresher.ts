import './skewed-date.ts'; // before anything reads the time
import { setTimeout as sleep } from 'node:timers/promises';
import { refreshCredential } from '../../credentials/refresh.ts';
import type { RefreshInput } from '../../credentials/refresh.ts';
import type { ExchangeTiming } from '../../credentials/one-time-exchange.ts';
import { readConfig } from '../../runtime/config.ts';
import { createContext } from '../../runtime/context.ts';
import type { Context } from '../../runtime/context.ts';
import { findCredential } from '../../db/credentials/credentials.ts';
import { readAccessToken } from '../../db/credentials/token-reads.ts';
import type { KillPoint } from '../../domain/kill-points.ts';
import type { Rotation } from '../../domain/rotation.ts';
import type { Temporal } from '../../runtime/temporal.ts';
import { declaring } from './declaring.ts';
import { refreshUntilDone } from './refresh-until-done.ts';

/*
 * A process of its own that does one task with the real code, and sends what came of it. It dies where
 * `environment.MOORING_KILL_AT` says, and stops (SIGSTOP) where `stopAt` says.
 */

export type Task = {
  environment: Record<string, string>;
  /** How far the clock of the test is ahead; null: the database's time, as in production. */
  aheadMs: number | null;
  stopAt?: KillPoint;
} & (
  | { do: 'refresh'; input: RefreshInput; rotation?: Rotation; timing?: ExchangeTiming }
  | { do: 'read'; tenantId: string; channelId: string }
  | { do: 'refresh_all'; inputs: RefreshInput[]; rotation: Rotation; keepAnswersSealed: boolean }
  | { do: 'race'; input: RefreshInput; callers: number; untilVersion: number }
);

const silent = { lookAt: async () => {}, close: async () => {} } as unknown as Temporal;

async function carryOut(context: Context, task: Task): Promise<unknown> {
  switch (task.do) {
    case 'refresh': {
      const { input, rotation, timing } = task;
      return refreshCredential(rotation ? declaring(context, rotation) : context, input, timing);
    }
    case 'refresh_all': {
      const declared = declaring(task.keepAnswersSealed ? unreadable(context) : context, task.rotation);
      return Promise.all(task.inputs.map((input) => refreshUntilDone(declared, input)));
    }
    case 'read': {
      const now = await context.clock.now();
      const { tenantId, channelId } = task;
      const question = { channelId, tenantId, apiKeyId: 'key_test', now, minLifeMs: null };
      return (await readAccessToken(context.database, question))?.served === 'fresh';
    }
    case 'race':
      return race(context, task);
  }
}

/** A process that gets as far as the sealed answers, and no further. */
function unreadable(context: Context): Context {
  const open: Context['vault']['open'] = (record, binding) =>
    binding.kind === 'token_answer' ? new Promise(() => {}) : context.vault.open(record, binding);
  const vault = new Proxy(context.vault, {
    get: (target, name) => (name === 'open' ? open : (Reflect.get(target, name) as () => void).bind(target)),
  });
  return { ...context, vault };
}

/** Concurrent callers, each refreshing the version that it finds, until the last version is stored. */
async function race(context: Context, { input, callers, untilVersion }: Extract<Task, { do: 'race' }>) {
  const outcomes: Record<string, number> = {};
  const call = async () => {
    for (;;) {
      const credential = await context.database.inTenant(input.tenantId, (tx) => findCredential(tx, input.channelId));
      if (!credential || credential.version >= untilVersion) return;
      const outcome = await refreshCredential(context, { ...input, version: credential.version });
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
      if (outcome === 'busy') await sleep(100);
    }
  };
  await Promise.all(Array.from({ length: callers }, call));
  return outcomes;
}

async function obey(task: Task): Promise<void> {
  const { environment, aheadMs, stopAt } = task;
  const given = aheadMs === null ? {} : { clock: { now: async () => new Date(Date.now() + aheadMs) } };
  const context = await createContext(task.do === 'read' ? 'server' : 'worker', readConfig(environment), {
    temporal: silent,
    ...given,
  });
  const stopping: Context = {
    ...context,
    killPoint(point) {
      if (point === stopAt) process.kill(process.pid, 'SIGSTOP');
      context.killPoint(point);
    },
  };
  const outcome = await carryOut(stopping, task).catch((error: unknown) => String(error));
  await context.close();
  process.send?.(outcome, () => process.disconnect());
}

process.once('message', (task: Task) => void obey(task));
