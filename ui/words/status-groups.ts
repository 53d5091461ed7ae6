import { LEFT, NEEDS_PERSON, isOneOf } from '../../domain/channel.ts';
import type { ChannelSort, Status } from '../../domain/channel.ts';

export const STATUS_GROUPS = [
  { id: 'all', word: 'All' },
  { id: 'needs', word: 'Needs someone' },
  { id: 'degraded', word: 'Trouble' },
  { id: 'connected', word: 'Connected' },
  { id: 'paused', word: 'Paused' },
  { id: 'disconnected', word: 'Disconnected' },
] as const;
export type StatusGroup = (typeof STATUS_GROUPS)[number]['id'];

/** The statuses of a group; none: every one. */
export const STATUSES_OF: Record<StatusGroup, readonly Status[]> = {
  all: [],
  needs: NEEDS_PERSON,
  degraded: ['degraded'],
  connected: ['connected'],
  paused: ['paused'],
  disconnected: LEFT,
};

export const isInGroup = (status: Status, group: StatusGroup): boolean =>
  group === 'all' || isOneOf(STATUSES_OF[group], status);

export function groupOf(parameter: string | null): StatusGroup {
  return STATUS_GROUPS.find((group) => group.id === parameter)?.id ?? 'all';
}

/** The orders of the list; the first is the usual one. */
export const SORTS: readonly { value: ChannelSort; label: string }[] = [
  { value: 'needs', label: 'Worst first' },
  { value: 'email', label: 'Address' },
  { value: 'status_since', label: 'Longest in its status' },
  { value: 'covered_until', label: 'Longest not covered' },
  { value: 'created_at', label: 'Oldest first' },
];

export function sortOf(parameter: string | null): ChannelSort {
  return SORTS.find(({ value }) => value === parameter)?.value ?? 'needs';
}
