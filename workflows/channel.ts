import {
  ParentClosePolicy,
  allHandlersFinished,
  condition,
  continueAsNew,
  isCancellation,
  getExternalWorkflowHandle,
  patched,
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
import { IMPORT_WORKFLOW, fairnessOf, importWorkflowId } from '../domain/workflow/names.ts';
import { channelActivities } from './activity-options.ts';
import { describeChannel, describeSleep } from './channel-words.ts';
import { Commands } from './commands.ts';
import { rowChanged } from './messages.ts';
import { CYCLES_PER_RUN, EVENTS_PER_REFRESH, EVENTS_PER_RUN, REFRESHES_PER_RUN } from './run-length.ts';
import { nextTurn } from './turns.ts';
import type { Turn } from './turns.ts';

/** Runs with this mark hold a day of refreshes. It is asked for only where an earlier release would have ended the run. */
const HOLDS_A_DAY = 'run-holds-a-day';
/**
 * Runs with this mark answer commands of one kind together, take turns, and end although commands wait. It is asked for only
 * where it makes a difference, so that a run without commands has no event of it.
 */
const TAKES_TURNS = 'commands-take-turns';

const ACCESS_TYPE = defineSearchAttributeKey('AccessType', SearchAttributeType.KEYWORD);
const CHANNEL_STATUS = defineSearchAttributeKey('ChannelStatus', SearchAttributeType.KEYWORD);
const STATUS_REASON = defineSearchAttributeKey('StatusReason', SearchAttributeType.KEYWORD);

/**
 * One channel's life: sleeps until a deed is due, does it, looks at the row, and sleeps again. The workflow decides when,
 * the row says what is. Every error is a state of the row, so the workflow never fails. It ends when the channel is
 * disconnected; after any other end the next nudge or the reconcile starts it again (rule 13).
 */
export async function channelWorkflow(input: ChannelWorkflowInput): Promise<void> {
  const { tenantId, channelId } = input;
  let { accessType } = input;
  const { view: carried, ...state } = input.state ?? { seq: 0, told: '', importIds: [] };
  const commands = new Commands();
  let changed = false;
  let quiet = 0;
  let last: Turn = 'deed';
  setHandler(rowChanged, () => {
    changed = true;
  });

  let perform = channelActivities(accessType, fairnessOf(tenantId, input.state?.view?.server));
  const next = () => ({ tenantId, channelId, accessType, seq: ++state.seq });
  // A continued run knows the row from the run before; signals since then are in `changed`.
  let view = carried ?? (await perform.look({ tenantId, channelId, accessType, seq: state.seq }));
  state.seq = view.seq;
  for (let cycle = 1; !view.ended; cycle++) {
    // A channel may be moved to another access type while it lives; the row decides.
    if (view.accessType && view.accessType !== accessType) {
      ({ accessType } = view);
      upsertSearchAttributes([{ key: ACCESS_TYPE, value: accessType }]);
    }
    perform = channelActivities(accessType, fairnessOf(tenantId, view.server));
    tell(view, state);
    await ensureImports(view, { ...input, accessType }, state);
    last = turnAfter(last, { waiting: commands.waiting > 0, changed, view });
    if (last === 'commands') {
      view = await serve(commands, view, perform, next);
    } else if (last === 'look') {
      changed = false;
      view = await perform.look(next());
    } else {
      const woken = await sleepUntilDue(view, () => changed || commands.waiting > 0);
      if (!woken && view.due?.deed === 'refresh') quiet++;
      if (!woken && view.due) view = await doDeed(view.due.deed, view, perform, next);
    }
    if (isOver({ cycle, quiet }, commands) && !view.ended) {
      if (commands.waiting > 0 && !patched(TAKES_TURNS)) continue;
      // From here on the next run's commands are rejected, so that the handlers of this one can be drained.
      commands.close();
      while (commands.waiting > 0 && !view.ended) view = await serve(commands, view, perform, next);
      if (view.ended) continue;
      await condition(allHandlersFinished);
      const goingOn = { ...state, view: changed ? null : view };
      await continueAsNew<typeof channelWorkflow>({ ...input, accessType, state: goingOn });
    }
  }
  commands.end();
  await condition(allHandlersFinished);
}

/** `quiet`: how many of the cycles were refreshes at their time. */
function isOver({ cycle, quiet }: { cycle: number; quiet: number }, commands: Commands): boolean {
  const { historyLength, continueAsNewSuggested } = workflowInfo();
  if (continueAsNewSuggested || commands.isFull) return true;
  const isLong = (refreshes: number) =>
    cycle - refreshes >= CYCLES_PER_RUN || historyLength - refreshes * EVENTS_PER_REFRESH >= EVENTS_PER_RUN;
  if (!isLong(0)) return false;
  return quiet >= REFRESHES_PER_RUN || isLong(quiet) || !patched(HOLDS_A_DAY);
}

/** Runs of an earlier release serve commands first, and look before a deed. */
function turnAfter(
  last: Turn,
  { waiting, changed, view }: { waiting: boolean; changed: boolean; view: ChannelView },
): Turn {
  const isDue = view.due !== null && view.due.at <= view.now;
  const isContended = (waiting && (changed || isDue)) || (changed && isDue);
  if (isContended && patched(TAKES_TURNS)) {
    return nextTurn(last, { commands: waiting, look: changed, deed: isDue }) ?? 'deed';
  }
  if (waiting) return 'commands';
  return changed ? 'look' : 'deed';
}

/** Carries out the command that has waited longest, once for all that wait for the same. */
async function serve(commands: Commands, view: ChannelView, perform: Activities, next: Next): Promise<ChannelView> {
  const { first } = commands;
  if (first === null) return view;
  const served = commands.waiting > 1 && patched(TAKES_TURNS) ? commands.takeAlike() : commands.takeFirst();
  const { view: after, answer } = await carryOut(first, view, perform, next);
  commands.answer(served, answer);
  return after;
}

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
      return view.withoutProvider ? perform.leave(input) : perform.disconnect(input);
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
  const { server } = view;
  const importInput: ImportWorkflowInput = {
    v: 1,
    tenantId,
    channelId,
    accessType,
    importId,
    ...(server && { server }),
  };
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
