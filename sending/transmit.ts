import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from '../runtime/context.ts';
import { askFor, changeChannel } from '../channels/wake.ts';
import { reportFailure } from '../channels/report-failure.ts';
import { findAccess, readSessionAccess } from '../credentials/access.ts';
import type { ChannelAccess } from '../credentials/access.ts';
import { inTurn } from '../credentials/in-turn.ts';
import { ContentMissing } from '../db/messages/stored-parts.ts';
import { findSend, markTransmitted, settleSend } from '../db/sending/sends.ts';
import type { SendRow, SendTry } from '../db/sending/sends.ts';
import { isOneOf, LEFT, NEEDS_PERSON } from '../domain/channel.ts';
import type { NotSentCode, SendEnd, SendOutcome } from '../domain/sending/send.ts';
import { actionOf, ProviderError } from '../domain/verdict.ts';
import type { OutgoingMessage, SendAnswer, Sending, SessionAccess } from '../providers/contract.ts';
import { readContent, splitHeader } from './content.ts';
import { readOutgoingHeader } from './outgoing-message.ts';

export interface SendInput extends SendTry {
  tenantId: string;
  channelId: string;
}

/** `wait`: the access token is being refreshed. */
export type SendLook = 'settled' | 'wait';

/** Another process has settled the send, or transmits it: nothing is transmitted here. */
class SendOvertaken extends Error {
  constructor(sendId: string) {
    super(`Another process has taken over the send ${sendId}`);
    this.name = 'SendOvertaken';
  }
}

/**
 * Sends a message once. After a process that died once the row was marked as transmitted, the next process does not send it
 * again: it asks the provider for the message, and settles the send as `unknown` where no answer shows it.
 */
export async function transmitSend(context: Context, input: SendInput, signal: AbortSignal): Promise<SendLook> {
  const { tenantId, channelId, sendId } = input;
  const { row, access } = await context.database.inTenant(tenantId, async (tx) => ({
    row: await findSend(tx, sendId),
    access: await findAccess(context, tx, channelId),
  }));
  if (row?.state !== 'started' || row.attempt !== input.attempt) return 'settled';
  if (access === 'gone') {
    const end = row.transmittedAt === null ? notSent('disconnected', 'The channel is disconnected') : UNKNOWN;
    return settled(context, input, end);
  }
  const { sending, accessType } = access.provider;
  const refused = refusedBy(access);
  if (row.transmittedAt === null && refused) return settled(context, input, refused);
  if (sending === null) {
    const end = row.transmittedAt === null ? notSent('send_not_granted', `${accessType} does not send`) : UNKNOWN;
    return settled(context, input, end);
  }
  const work: Work = { access, sending, row, signal, marking: null, isOver: false };
  if (row.transmittedAt !== null) return settled(context, input, await lookForIt(context, work));
  const turn = { tenantId, channelId, accessType, signal };
  const end = await inTurn(context, turn, () => tryToSend(context, input, work));
  if (end === 'crowded') {
    return settled(context, input, notSent('provider_unavailable', 'Other calls of the same server hang'));
  }
  if (end === 'overtaken') return 'settled';
  return end === 'wait' ? end : settled(context, input, end, work);
}

/** Settles a send whose activity did not end: its queue may have no worker. */
export async function giveUpSend(context: Context, input: SendInput): Promise<void> {
  const now = await context.clock.now();
  const late = notSent('provider_unavailable', 'No worker sent the message in time');
  await context.database.inTenant(input.tenantId, async (tx) => {
    if (await settleSend(tx, input, { end: late, now, untransmitted: true })) return;
    await settleSend(tx, input, { end: UNKNOWN, now });
  });
}

const UNKNOWN = { state: 'unknown' } as const;

interface Work {
  access: ChannelAccess;
  sending: Sending;
  row: SendRow;
  signal: AbortSignal;
  /** The commit that the message leaves, by this execution; null: it has not begun. */
  marking: Promise<boolean> | null;
  /** The provider has answered: a transmission that begins now is too late. */
  isOver: boolean;
}

/**
 * Only the execution that marked the message knows that the provider did not take it. Another one, such as a retry whose
 * predecessor still runs, must not: the key would be free, and the message sent twice. It leaves a marked row alone.
 */
async function settled(
  context: Context,
  input: SendInput,
  end: SendEnd,
  { marking }: Pick<Work, 'marking'> = { marking: null },
): Promise<'settled'> {
  const now = await context.clock.now();
  // A server may refuse the sender while the commit is on its way.
  const hasMarked = await (marking?.catch(() => false) ?? false);
  const untransmitted = !hasMarked && (end.state === 'not_sent' || end.state === 'refused');
  await context.database.inTenant(input.tenantId, (tx) => settleSend(tx, input, { end, now, untransmitted }));
  return 'settled';
}

const notSent = (
  code: NotSentCode,
  detail: string,
  more: Partial<Pick<SendOutcome, 'action' | 'retryAfterMs' | 'providerCode'>> = {},
): SendEnd => ({ state: 'not_sent', code, detail, ...more });

function refusedBy({ channel }: ChannelAccess): SendEnd | null {
  const { status, action, statusReason } = channel;
  if (isOneOf(LEFT, status)) return notSent('disconnected', 'The channel is disconnected');
  if (!isOneOf(NEEDS_PERSON, status)) return null;
  return notSent(status, `The channel is ${status} (${statusReason ?? 'no reason known'})`, { action });
}

/** The provider is asked at once and a moment later: a sent message may show late. */
const LOOK_AGAIN_AFTER_MS = [0, 2_000, 4_000];

async function lookForIt(context: Context, work: Work): Promise<SendEnd> {
  const { sending, signal } = work;
  for (const waitMs of sending.wasSent ? LOOK_AGAIN_AFTER_MS : []) {
    await sleep(waitMs, undefined, { signal });
    if (await wasSent(context, work)) return { state: 'accepted', refusedRecipients: [] };
  }
  return UNKNOWN;
}

/** An error proves nothing. */
async function wasSent(context: Context, { access, sending, row, signal }: Work): Promise<boolean> {
  try {
    const session = await readSessionAccess(context, access);
    if (session === 'needs_refresh') return false;
    return (await sending.wasSent?.(session, row.messageId, signal)) ?? false;
  } catch (error) {
    if (signal.aborted) throw error;
    return false;
  }
}

async function tryToSend(context: Context, input: SendInput, work: Work): Promise<SendEnd | 'wait' | 'overtaken'> {
  const { access, sending, row, signal } = work;
  const session = await readSessionAccess(context, access);
  if (session === 'needs_refresh') return waitForToken(context, input);
  const message = await messageOf(context, row, input).catch(nullIfMissing);
  if (message === null) return notSent('provider_unavailable', 'The stored message is gone; hand it in again');
  let isOvertaken = false;
  const beforeTransmission = async () => {
    if (work.isOver) throw new SendOvertaken(input.sendId);
    work.marking = mark(context, input);
    isOvertaken = !(await work.marking);
    if (isOvertaken) throw new SendOvertaken(input.sendId);
    context.killPoint('send.marked');
  };
  try {
    const answer = await sending.send(session, message, { signal, beforeTransmission });
    context.killPoint('send.taken');
    if (answer.outcome === 'unknown') return await lookForIt(context, work);
    return endOf(answer);
  } catch (error) {
    if (isOvertaken) return 'overtaken';
    if (!(error instanceof ProviderError) || signal.aborted) throw error;
    return refusedByProvider(context, input, session, error);
  } finally {
    work.isOver = true;
  }
}

async function mark(context: Context, input: SendInput): Promise<boolean> {
  const now = await context.clock.now();
  return context.database.inTenant(input.tenantId, (tx) => markTransmitted(tx, input, now));
}

async function messageOf(context: Context, row: SendRow, { tenantId }: SendInput): Promise<OutgoingMessage> {
  const contentId = row.contentId ?? '';
  const raw = () => readContent(context, { tenantId, contentId });
  const split = await splitHeader(raw());
  const header = split && readOutgoingHeader(split.header, row.createdAt);
  if (!header || Array.isArray(header)) throw new Error(`The header of the send ${row.id} cannot be read any more`);
  const { from, recipients, bcc } = header;
  return { messageId: row.messageId, from, recipients, bcc, size: row.size, raw };
}

function nullIfMissing(error: unknown): null {
  if (error instanceof ContentMissing) return null;
  throw error;
}

function endOf(answer: Exclude<SendAnswer, { outcome: 'unknown' }>): SendEnd {
  if (answer.outcome === 'accepted') return { state: 'accepted', refusedRecipients: answer.refusedRecipients };
  const { detail, providerCode } = answer;
  if (answer.outcome === 'not_granted') {
    return notSent('send_not_granted', detail, { providerCode, action: 'reauthorize' });
  }
  return { state: 'refused', code: 'send_refused', detail, providerCode, refusedRecipients: answer.refusedRecipients };
}

/** Only the channel's workflow refreshes (rule 3). */
async function waitForToken(context: Context, { tenantId, channelId }: SendInput): Promise<'wait'> {
  await askFor(context, { tenantId, channelId }, 'refreshRequestedAt');
  return 'wait';
}

/**
 * The provider did not take the message. The channel's own check finds what the answer means for the account: a mail server
 * that refuses to send says nothing of the mailbox.
 */
async function refusedByProvider(
  context: Context,
  { tenantId, channelId }: SendInput,
  session: SessionAccess,
  { message: detail, verdict }: ProviderError,
): Promise<SendEnd> {
  const { kind, retryAfterMs, providerCode, tokenRefused } = verdict;
  const more = { retryAfterMs, providerCode };
  if (kind === 'rate_limited') return notSent('rate_limited', detail, more);
  if (kind === 'insufficient_scope') return notSent('send_not_granted', detail, { ...more, action: 'reauthorize' });
  if (kind === 'misconfigured') return notSent('app_credentials_invalid', detail, more);
  const isAboutAccount = kind !== 'transient' && kind !== 'cursor_expired';
  if (isAboutAccount || tokenRefused) {
    const isRefusal = tokenRefused && session.kind === 'token';
    await changeChannel(context, { tenantId, channelId }, (waking, row) => reportFailure(waking, row, isRefusal));
  }
  // A refresh follows, or the check finds that the channel needs a person.
  if (isAboutAccount && !tokenRefused) return notSent('send_not_granted', detail, { ...more, action: actionOf(kind) });
  return notSent('provider_unavailable', detail, more);
}
