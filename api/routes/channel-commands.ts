import type { ChannelRow } from '../../db/channels/channels.ts';
import { pauseChannel, resumeChannel } from '../../channels/pause.ts';
import { findCredentialState } from '../../db/credentials/credentials.ts';
import { json } from '../http/answers.ts';
import type { AnswerOf, Answers } from '../http/answers.ts';
import { defineCall } from '../http/call.ts';
import type { ApiContext } from '../api-context.ts';
import type { Call } from '../http/call.ts';
import { engineAnswers } from '../http/engine-health.ts';
import { revertAccess as goBack } from '../../connections/change/revert-access.ts';
import { Problem, isProblemCode, notFound } from '../http/problem.ts';
import { changeInReach, inChannel } from '../auth/reach.ts';
import { channelOut } from '../schemas/channels.ts';
import { idParams } from '../schemas/parts.ts';
import type { Principal } from '../http/scopes.ts';
import type { CommandAnswer } from '../../domain/workflow/inputs.ts';
import { showChannel } from './channels.ts';
import { unmaskAccount } from '../../domain/redaction/mask-address.ts';
import { LEFT, isOneOf } from '../../domain/channel.ts';

/** A command that takes longer than this, in ms, is answered with 202 and goes on by itself. */
const COMMAND_WAIT_MS = 15_000;

const DONE = { 200: json('The channel afterwards', channelOut) };
const WAITED = { ...DONE, 202: json('The command takes longer than 15 s and continues', channelOut) };

const refresh = commandCall(
  {
    name: 'refresh',
    summary: 'Refresh the access token now',
    description:
      'Waits for the answer of the provider, 15 s at most; 202 says that the refresh goes on. Many requests at once cause one refresh.',
    answers: WAITED,
  },
  async (context, asked) => {
    const row = await channelForCommand(context, asked);
    const credential = await context.database.inTenant(row.tenantId, (tx) => findCredentialState(tx, row.id));
    if (credential?.kind === 'password') {
      throw new Problem(
        'no_token_for_access_type',
        'This channel signs in with a password; there is no token to refresh',
      );
    }
    const answer = await giveCommand(context, row, 'refreshNow');
    if (answer && !answer.done) throw notDone(answer);
    return { status: answer ? 200 : 202, body: await show(context, asked) };
  },
);

const verify = commandCall(
  {
    name: 'verify',
    summary: 'Verify the connection with a real call',
    description:
      'Makes one call that reads the account, and waits 15 s for its answer at most. `verification` says what it proved.',
    answers: WAITED,
  },
  async (context, asked) => {
    const row = await channelForCommand(context, asked);
    const answer = await giveCommand(context, row, 'verify');
    const channel = await show(context, asked);
    if (!answer) return { status: 202, body: channel };
    const at =
      answer.done && channel.last_verified_at ? channel.last_verified_at : (await context.clock.now()).toISOString();
    // The answer comes by way of a history, where the account's names are masked.
    const names = { email: row.accountEmail, login: row.accountLogin };
    const proved = answer.proved && unmaskAccount(answer.proved, names);
    return { status: 200, body: { ...channel, verification: { ok: answer.done, proved, at } } };
  },
);

const pause = commandCall(
  {
    name: 'pause',
    summary: 'Pause a channel: no polls, no reminders',
    description:
      'Nothing is polled and no person is reminded until the channel is resumed. Its access token can still be read.',
    answers: DONE,
  },
  (context, asked) => change(context, asked, pauseChannel),
);

const resume = commandCall(
  {
    name: 'resume',
    summary: 'Resume a paused channel and import what came in the meantime',
    description: 'What came during the pause is imported like a gap.',
    answers: DONE,
  },
  (context, asked) => change(context, asked, resumeChannel),
);

const revertAccess = defineCall({
  method: 'post',
  path: '/v1/channels/:id/revert-access',
  operationId: 'revertAccess',
  summary: 'Set a channel back to the access that it had before a change, within an hour of it',
  description:
    'The access before is still there for an hour after the change, unused; `previous_access` says until when. After that, and a second time, it is 409 `nothing_to_revert`.',
  tag: 'Channels',
  access: ['channels:write'],
  params: idParams('chn'),
  answers: DONE,
  problems: ['disconnected', 'nothing_to_revert', 'access_type_not_allowed', 'account_connected'],
  async run({ context, principal, params: { id } }) {
    const asked = { principal, id };
    const row = await channelForCommand(context, asked);
    const result = await goBack(context, { tenantId: row.tenantId, channelId: id });
    switch (result?.outcome) {
      case undefined:
        throw notFound('channel');
      case 'nothing_to_revert':
        throw new Problem('nothing_to_revert', 'The access was not changed within the last hour');
      case 'access_type_not_allowed':
        throw new Problem(
          'access_type_not_allowed',
          `${result.accessType} is not allowed any more. Nothing was changed.`,
        );
      case 'account_connected':
        throw new Problem(
          'account_connected',
          `The account of the former access is connected as ${result.by}. Nothing was changed.`,
        );
      case 'reverted':
        return { status: 200, body: await show(context, asked) };
    }
  },
});

interface Asked {
  principal: Principal;
  id: string;
}

function commandCall<A extends Answers>(
  { name, answers, ...words }: { name: string; summary: string; description: string; answers: A },
  act: (context: ApiContext, asked: Asked) => Promise<AnswerOf<A>>,
): Call {
  return defineCall({
    method: 'post',
    path: `/v1/channels/:id/${name}`,
    operationId: `${name}Channel`,
    ...words,
    tag: 'Channels',
    access: ['channels:write'],
    params: idParams('chn'),
    answers,
    problems: [
      'disconnected',
      'wrong_status',
      'reauth_required',
      'no_token_for_access_type',
      'engine_unavailable',
      'provider_unavailable',
    ],
    run: ({ context, principal, params: { id } }) => act(context, { principal, id }),
  });
}

const show = (context: ApiContext, asked: Asked) =>
  inChannel(context, asked, (tx, row) => showChannel(context, tx, row));

async function channelForCommand(context: ApiContext, asked: Asked): Promise<ChannelRow> {
  const row = await inChannel(context, asked, async (_tx, found) => found);
  refuseLeaving(row);
  return row;
}

function refuseLeaving(row: ChannelRow): void {
  if (!isOneOf(LEFT, row.status)) return;
  throw new Problem('disconnected', `The channel is ${row.status}; connect the account again with a new link`);
}

async function giveCommand(
  context: ApiContext,
  row: ChannelRow,
  command: 'refreshNow' | 'verify',
): Promise<CommandAnswer | null> {
  const unavailable = new Problem('engine_unavailable', 'The workflow engine does not answer', {
    retryAfterSeconds: 5,
  });
  if (!(await engineAnswers(context))) throw unavailable;
  try {
    return await context.temporal.command(row, command, COMMAND_WAIT_MS);
  } catch (error) {
    context.logger.warn({ err: error, channelId: row.id }, 'A command did not reach its workflow');
    throw unavailable;
  }
}

function notDone({ code, proved }: CommandAnswer): Problem {
  const known = code !== null && isProblemCode(code) ? code : 'provider_unavailable';
  return new Problem(known, proved ?? `The refresh failed (${code ?? 'no answer'})`, { retryAfterSeconds: 5 });
}

async function change(context: ApiContext, asked: Asked, set: typeof pauseChannel): Promise<AnswerOf<typeof DONE>> {
  const shown = await changeInReach(context, asked, async (waking, row) => {
    refuseLeaving(row);
    return showChannel(context, waking.tx, await set(waking, row));
  });
  return { status: 200, body: shown };
}

export const channelCommandCalls = [refresh, verify, pause, resume, revertAccess];
