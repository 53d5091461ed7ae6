import type { WorkflowHandle } from '@temporalio/client';

type WorkflowHistory = Awaited<ReturnType<WorkflowHandle['fetchHistory']>>;
type HistoryEvent = NonNullable<WorkflowHistory['events']>[number];

/** How many actions of each kind Temporal bills: `run`, `timer`, `signal` …, and activities by their names. */
export type Actions = Record<string, number>;

/** The actions in a run's history, from this time on. */
export function actionsOf({ events }: WorkflowHistory, sinceMs = 0): Actions {
  const actions: Actions = {};
  const names = new Map<string, string>();
  for (const event of events ?? []) {
    const scheduled = event.activityTaskScheduledEventAttributes?.activityType?.name;
    if (scheduled) names.set(String(event.eventId), scheduled);
    if (timeOf(event) < sinceMs) continue;
    const started = event.activityTaskStartedEventAttributes;
    // Every attempt is billed.
    if (started) add(actions, names.get(String(started.scheduledEventId)) ?? 'activity', started.attempt ?? 1);
    const kind = kindOf(event);
    if (kind) add(actions, kind, kind === 'child' ? 2 : 1);
  }
  return actions;
}

export function addActions(sum: Actions, more: Actions): void {
  for (const [kind, count] of Object.entries(more)) add(sum, kind, count);
}

export const allActions = (actions: Actions) => Object.values(actions).reduce((sum, count) => sum + count, 0);

/** When an event was written, in ms. */
export const timeOf = ({ eventTime }: HistoryEvent) =>
  Number(eventTime?.seconds ?? 0) * 1_000 + (eventTime?.nanos ?? 0) / 1e6;

function kindOf(event: HistoryEvent): string | null {
  if (event.workflowExecutionStartedEventAttributes) return 'run';
  if (event.timerStartedEventAttributes) return 'timer';
  if (event.workflowExecutionSignaledEventAttributes) return 'signal';
  if (event.workflowExecutionUpdateAcceptedEventAttributes) return 'update';
  if (event.startChildWorkflowExecutionInitiatedEventAttributes) return 'child';
  if (event.signalExternalWorkflowExecutionInitiatedEventAttributes) return 'signal';
  const attributes = event.upsertWorkflowSearchAttributesEventAttributes?.searchAttributes?.indexedFields;
  // The mark of a patch costs nothing.
  return attributes && !('TemporalChangeVersion' in attributes) ? 'search attributes' : null;
}

const add = (actions: Actions, kind: string, count: number) => {
  actions[kind] = (actions[kind] ?? 0) + count;
};
