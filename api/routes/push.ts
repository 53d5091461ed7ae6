import { z } from 'zod';
import { listChannelsToTell } from '../../db/across-tenants/across-tenants.ts';
import { listCursors } from '../../db/imports/cursors.ts';
import { lockChannel } from '../../db/channels/channels.ts';
import { askFor } from '../../db/channels/nudges.ts';
import type { AccessType } from '../../domain/access-type.ts';
import type { PushedNews, PushReceipt } from '../../providers/contract.ts';
import { empty } from '../http/answers.ts';
import { defineCall } from '../http/call.ts';
import type { ApiContext } from '../http/call.ts';
import { mailboxKeyOf } from '../../domain/mailbox-key.ts';
import { countPush } from '../http/metrics.ts';
import { Problem } from '../http/problem.ts';
import { callbackParams } from '../schemas/connect.ts';
import { signalWorkflow } from '../../channels/wake.ts';

/**
 * Where providers tell of news. What they tell is written as a fact and a nudge before it is acknowledged; so it may
 * come late, twice, or for a mailbox that nobody knows any more, which is acknowledged all the same: refused, it would
 * be sent again for days.
 */
const push = defineCall({
  method: 'post',
  path: '/push/:provider',
  summary: 'Where a provider tells of news, with a proof that it is the provider',
  tag: 'Operation',
  access: 'public',
  params: callbackParams,
  body: z.looseObject({}),
  answers: { 204: empty('Acknowledged') },
  problems: ['push_not_authentic', 'provider_unavailable'],
  async run({ context, params, body, request }) {
    const pushing = [...context.providers.values()].find(({ name }) => name === params.provider);
    const capability = pushing?.capabilities.push;
    if (!pushing || !capability) throw new Problem('not_found', 'Nothing is pushed here by this provider');
    const authorization = request.get('authorization') ?? null;
    const now = await context.clock.now();
    const receipt = await capability.receive({ authorization, body, now });
    if (receipt.outcome !== 'news') throw refusal(context, params.provider, receipt);
    const told = await tellChannels(context, pushing.accessType, receipt.news, now);
    countPush(params.provider, told);
    return { status: 204 };
  },
});

type Refused = Exclude<PushReceipt, { outcome: 'news' }>;

function refusal({ logger }: ApiContext, provider: string, receipt: Refused): Problem {
  countPush(provider, receipt.outcome);
  if (receipt.outcome === 'unverifiable') {
    return new Problem('provider_unavailable', 'The keys of the provider cannot be read', { retryAfterSeconds: 5 });
  }
  logger.warn({ provider, outcome: receipt.outcome, why: receipt.why }, 'a push was refused');
  if (receipt.outcome === 'forged') return new Problem('push_not_authentic', `The proof does not hold: ${receipt.why}`);
  return new Problem('validation_failed', `Expected ${receipt.why}`);
}

/** `known`: everything up to this news is stored already. */
async function tellChannels(
  context: ApiContext,
  accessType: AccessType,
  news: PushedNews,
  now: Date,
): Promise<'news' | 'known' | 'unknown_mailbox'> {
  const mailboxKey = mailboxKeyOf(news.email);
  const found = await listChannelsToTell(context.database, { accessType, mailboxKey });
  const told = await Promise.all(found.map((channel) => tellChannel(context, channel, news, now)));
  if (told.length === 0) return 'unknown_mailbox';
  return told.includes(true) ? 'news' : 'known';
}

/**
 * True when it is news to this channel; what a poll lists that begins after `now` has it in it. Only the request that
 * made the nudge signals.
 */
async function tellChannel(
  context: ApiContext,
  channel: { channelId: string; tenantId: string },
  news: PushedNews,
  now: Date,
): Promise<boolean> {
  const { channelId, tenantId } = channel;
  const told = await context.database.inTenant(tenantId, async (tx) => {
    const cursors = await listCursors(tx, channelId);
    const isNews = cursors.length === 0 || cursors.some(({ cursor }) => news.isAfter(cursor));
    if (!isNews || !(await lockChannel(tx, channelId))) return { isNews: false, nudged: null };
    return { isNews, nudged: await askFor(tx, channel, 'pollRequestedAt', now) };
  });
  if (told.nudged) signalWorkflow(context, told.nudged);
  return told.isNews;
}

export const pushCalls = [push];
