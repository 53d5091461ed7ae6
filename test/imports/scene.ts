import { DefaultLogger } from '@temporalio/worker';
import { MockActivityEnvironment } from '@temporalio/testing';
import { vi } from 'vitest';
import { createChannelActivities } from '../../activities/channel.ts';
import type { SliceAnswer } from '../../imports/slice.ts';
import type { Context } from '../../runtime/context.ts';
import type { ListedItem } from '../../providers/contract.ts';
import type { SandboxMessage } from '../support/sandbox-control.ts';
import { raiseStage } from '../support/stage.ts';
import type { Stage } from '../support/stage.ts';
import { importing, TENANT, withSessions } from './importing.ts';

/**
 * A stage whose time can pass in a moment, ours and the provider's alike; the provider's may be wrong by a constant.
 */
export interface Scene extends Stage {
  /** Lets this much time pass, in ms. */
  pass(ms: number): Promise<void>;
  /** The provider's clock runs this much ahead of ours, in seconds. */
  skewProvider(seconds: number): Promise<void>;
  /** The same dependencies; every request to the provider takes this long on the steady clock, in ms. */
  slowly(requestMs: number): Context;
}

export async function raiseScene(): Promise<Scene> {
  let passedMs = 0;
  let skewS = 0;
  const clock = { now: async () => new Date(Date.now() + passedMs) };
  const stage = await raiseStage({ given: { clock } });
  let steadyMs = 0;
  const steady = performance.now.bind(performance);
  vi.spyOn(performance, 'now').mockImplementation(() => steady() + steadyMs);
  const setProvider = () => stage.sandbox.setClock(passedMs / 1000 + skewS);
  return {
    ...stage,
    async pass(ms) {
      passedMs += ms;
      await setProvider();
    },
    async skewProvider(seconds) {
      skewS = seconds;
      await setProvider();
    },
    slowly: (requestMs) => beforeEveryRequest(stage.context, () => (steadyMs += requestMs)),
  };
}

function beforeEveryRequest(context: Context, act: () => void): Context {
  return withSessions(context, (session) => ({
    ...session,
    listChanges(...asked) {
      act();
      return session.listChanges(...asked);
    },
    listWindow(...asked) {
      act();
      return session.listWindow(...asked);
    },
    async *fetchMessages(...asked) {
      for await (const message of session.fetchMessages(...asked)) {
        act();
        yield message;
      }
    },
  }));
}

/** Slices, with the waits between them, and what the channel's workflow does beside them: refreshes and checks. */
export async function drive(scene: Scene, context: Context, channelId: string, importId: string): Promise<SliceAnswer> {
  for (let slices = 0; slices < 80; slices++) {
    const answer = await importing(context).slice(channelId, importId);
    if (answer.done) return answer;
    await tend(context, channelId);
    if (answer.waitMs > 0) await scene.pass(answer.waitMs + 50);
  }
  throw new Error('80 slices, and the import is not done');
}

/** One wake of the channel's workflow, as far as its credential is concerned. */
export async function tend(context: Context, channelId: string): Promise<void> {
  const activities = createChannelActivities(context);
  const environment = new MockActivityEnvironment(undefined, { logger: new DefaultLogger('ERROR') });
  const perform = <T>(deed: () => Promise<T>): Promise<T> => environment.run(deed);
  const input = { tenantId: TENANT, channelId, accessType: await accessTypeOf(context, channelId), seq: 0 };
  const view = await perform(() => activities.look(input));
  if (!view.due || view.due.at > view.now) return;
  const { deed } = view.due;
  if (deed === 'refresh') {
    await perform(() => activities.refresh({ ...input, version: view.credentialVersion }));
  } else if (deed === 'check') await perform(() => activities.check(input));
}

const accessTypeOf = async (context: Context, channelId: string) =>
  (await importing(context).channel(channelId)).accessType;

/** Small pages, so that there is a middle. */
const PAGE_ITEMS = 50;

/** The same dependencies; `act` happens once, when the n-th page of news was listed and nothing of it fetched. */
export function afterPage(context: Context, n: number, act: (items: ListedItem[]) => Promise<void>): Context {
  let pages = 0;
  return withSessions(context, (session) => ({
    ...session,
    listWindow: (scope, window, position) => session.listWindow(scope, window, position, PAGE_ITEMS),
    async listChanges(scope, cursor) {
      const page = await session.listChanges(scope, cursor, PAGE_ITEMS);
      if (page.items.length > 0 && ++pages === n) await act(page.items);
      return page;
    },
  }));
}

/** The same dependencies; counts how often each message was fetched. */
export function countingFetches(context: Context, fetched: Map<string, number>): Context {
  return withSessions(context, (session) => ({
    ...session,
    async *fetchMessages(scope, items) {
      for await (const message of session.fetchMessages(scope, items)) {
        const { providerId } = message.item;
        if (message.outcome === 'message') fetched.set(providerId, (fetched.get(providerId) ?? 0) + 1);
        yield message;
      }
    },
  }));
}

/** What the provider holds, by its own word. */
export async function heldBy({ sandbox }: Stage, provider: string, email: string): Promise<SandboxMessage[]> {
  const { messages } = await sandbox.call<{ messages: SandboxMessage[] }>(
    'GET',
    `/control/accounts/${provider}/${email}/messages`,
  );
  return messages;
}
