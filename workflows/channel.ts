import {
  ParentClosePolicy,
  allHandlersFinished,
  condition,
  continueAsNew,
  isCancellation,
  getExternalWorkflowHandle,
  setCurrentDetails,
  setHandler,
  startChild,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import {
  ActivityFailure,
  SearchAttributeType,
  WorkflowExecutionAlreadyStartedError,
  defineSearchAttributeKey,
} from '@temporalio/common';
import type { ChannelView } from '../domain/workflow/channel-view.ts';
import { maskAddress } from '../domain/redaction/mask-address.ts';
import type { Deed } from '../domain/due.ts';
import type { ChannelWorkflowInput, Command, CommandAnswer, ImportWorkflowInput } from '../domain/workflow/inputs.ts';
import { IMPORT_WORKFLOW, importWorkflowId } from '../domain/workflow/names.ts';
import { channelActivities } from './activity-options.ts';
import { describeChannel, describeSleep } from './channel-words.ts';
import { refreshNow, rowChanged, verify } from './messages.ts';

/** A run ends early: nearly every wake replays its history, and a short one is cheap. */
const CYCLES_PER_RUN = 5;
const EVENTS_PER_RUN = 90;

const ACCESS_TYPE = defineSearchAttributeKey('AccessType', SearchAttributeType.KEYWORD);
const CHANNEL_STATUS = defineSearchAttributeKey('ChannelStatus', SearchAttributeType.KEYWORD);
const STATUS_REASON = defineSearchAttributeKey('StatusReason', SearchAttributeType.KEYWORD);

interface PendingCommand {
  command: Command;
  answer: CommandAnswer | null;
}

/**
 * One channel's life: sleeps until a deed is due, does it, looks at the row, and sleeps again. The workflow decides when,
 * the row says what is. Every error is a state of the row, so the workflow never fails. It ends when the channel is
 * disconnected; after any other end the next nudge or the reconcile starts it again (rule 13).
 */
export async function channelWorkflow(input: ChannelWorkflowInput): Promise<void> {
  const { tenantId, channelId } = input;
  let { accessType } = input;
  const { view: carried, ...state } = input.state ?? { seq: 0, told: '', importIds: [] };
  const commands: PendingCommand[] = [];
  let changed = false;
  let ended = false;
  setHandler(rowChanged, () => {
    changed = true;
  });
  const obey = (command: Command) => async () => {
    const pending: PendingCommand = { command, answer: null };
    commands.push(pending);
    await condition(() => pending.answer !== null || ended);
    return pending.answer ?? NOT_DONE;
  };
  setHandler(refreshNow, obey('refreshNow'));
  setHandler(verify, obey('verify'));

  let perform = channelActivities(accessType);
  const next = () => ({ tenantId, channelId, accessType, seq: ++state.seq });
  // A continued run knows the row from the run before; signals since then are in `changed`.
  let view = carried ?? (await perform.look({ tenantId, channelId, accessType, seq: state.seq }));
  state.seq = view.seq;
  for (let cycle = 1; !view.ended; cycle++) {
    // A channel may be moved to another access type while it lives; the row decides.
    if (view.accessType && view.accessType !== accessType) {
      ({ accessType } = view);
      perform = channelActivities(accessType);
      upsertSearchAttributes([{ key: ACCESS_TYPE, value: accessType }]);
    }
    tell(view, state);
    await ensureImports(view, { ...input, accessType }, state);
    const command = commands.find(({ answer }) => answer === null);
    if (command) {
      ({ view, answer: command.answer } = await carryOut(command.command, view, perform, next));
    } else if (changed) {
      changed = false;
      view = await perform.look(next());
    } else {
      const woken = await sleepUntilDue(view, () => changed || commands.length > 0);
      if (!woken && view.due) view = await doDeed(view.due.deed, view, perform, next);
    }
    discard(commands);
    const { historyLength, continueAsNewSuggested } = workflowInfo();
    if (cycle >= CYCLES_PER_RUN || historyLength >= EVENTS_PER_RUN || continueAsNewSuggested) {
      if (commands.length > 0 || view.ended) continue;
      await condition(allHandlersFinished);
      const goingOn = { ...state, view: changed ? null : view };
      await continueAsNew<typeof channelWorkflow>({ ...input, accessType, state: goingOn });
    }
  }
  ended = true;
  await condition(allHandlersFinished);
}

const NOT_DONE: CommandAnswer = { done: false, proved: null, code: 'channel_ended' };

type Activities = ReturnType<typeof channelActivities>;
type ActivityInput = Parameters<Activities['look']>[0];
type Next = () => ActivityInput;

/** True when a signal or command came before the due time; false when the time has come. */
async function sleepUntilDue(view: ChannelView, said: () => boolean): Promise<boolean> {
  if (view.due === null) {
    await condition(said);
    return true;
  }
  const delayMs = view.due.at - view.now;
  return delayMs > 0 && condition(said, delayMs, { summary: describeSleep(view) });
}

async function doDeed(deed: Deed, view: ChannelView, perform: Activities, next: Next): Promise<ChannelView> {
  return (await orNull(begin(deed, view, perform, next()))) ?? perform.putOff({ ...next(), deed });
}

async function begin(deed: Deed, view: ChannelView, perform: Activities, input: ActivityInput): Promise<ChannelView> {
  switch (deed) {
    case 'refresh':
      return perform.refresh({ ...input, version: view.credentialVersion });
    case 'check':
      return (await perform.check(input)).view;
    case 'poll':
      return perform.poll(input);
    case 'renew':
      return perform.renew(input);
    case 'audit':
      return perform.audit(input);
    case 'remind':
      return perform.remind(input);
    case 'disconnect':
      return perform.disconnect(input);
    case 'look':
      return perform.look(input);
  }
}

/** null for an activity that did not end in time; a cancellation is passed on. */
async function orNull<T>(activity: Promise<T>): Promise<T | null> {
  try {
    return await activity;
  } catch (error) {
    if (isCancellation(error) || !(error instanceof ActivityFailure)) throw error;
    return null;
  }
}

async function carryOut(
  command: Command,
  view: ChannelView,
  perform: Activities,
  next: Next,
): Promise<{ view: ChannelView; answer: CommandAnswer }> {
  switch (command) {
    case 'refreshNow': {
      const after = await doDeed('refresh', view, perform, next);
      const done = after.credentialVersion > view.credentialVersion;
      return { view: after, answer: { done, proved: null, code: done ? null : (after.reason ?? 'not_refreshed') } };
    }
    case 'verify': {
      const checked = await orNull(perform.check({ ...next(), asked: true }));
      const after = checked?.view ?? (await perform.putOff({ ...next(), deed: 'check' }));
      const { ok, proved } = checked ?? { ok: false, proved: null };
      return { view: after, answer: { done: ok, proved, code: ok ? null : (after.reason ?? 'not_verified') } };
    }
  }
}

/** Details in words at every step; search attributes only when they change, because each write costs an action. */
function tell(view: ChannelView, state: NonNullable<ChannelWorkflowInput['state']>): void {
  setCurrentDetails(describeChannel(view));
  const told = `${view.status} ${view.reason ?? ''}`;
  if (told === state.told) return;
  state.told = told;
  upsertSearchAttributes([
    { key: CHANNEL_STATUS, value: view.status },
    { key: STATUS_REASON, value: view.reason },
  ]);
}

/** A running import has its own workflow, which outlives this run; each run starts it again in case it is gone. */
async function ensureImports(
  view: ChannelView,
  input: ChannelWorkflowInput,
  state: NonNullable<ChannelWorkflowInput['state']>,
): Promise<void> {
  const freshRun = workflowInfo().historyLength < 20;
  const unasked = view.importIds.filter((id) => freshRun || !state.importIds.includes(id));
  state.importIds = view.importIds;
  for (const importId of unasked) await startImport(importId, view, input);
}

async function startImport(importId: string, view: ChannelView, input: ChannelWorkflowInput): Promise<void> {
  const { tenantId, channelId, accessType } = input;
  const importInput: ImportWorkflowInput = { v: 1, tenantId, channelId, accessType, importId };
  try {
    await startChild(IMPORT_WORKFLOW, {
      workflowId: importWorkflowId(importId),
      args: [importInput],
      parentClosePolicy: ParentClosePolicy.ABANDON,
      staticSummary: `import what ${maskAddress(view.account)} missed`,
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    await wakeImport(importId);
  }
}

/** The import's workflow already runs and may wait for this sign-in; it may also have ended meanwhile. */
async function wakeImport(importId: string): Promise<void> {
  try {
    await getExternalWorkflowHandle(importWorkflowId(importId)).signal(rowChanged);
  } catch {
    // it has ended: no workflow to signal
  }
}

function discard(commands: PendingCommand[]): void {
  for (let i = commands.length - 1; i >= 0; i--) if (commands[i]?.answer) commands.splice(i, 1);
}
