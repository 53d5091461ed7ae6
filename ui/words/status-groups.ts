import type { Channel } from '../../api/schemas/channels.ts';
import { needsSomeone } from './words.ts';
import { LEFT, isOneOf } from '../../domain/channel.ts';

export const STATUS_GROUPS = [
  { id: 'all', word: 'All' },
  { id: 'needs', word: 'Needs someone' },
  { id: 'degraded', word: 'Trouble' },
  { id: 'connected', word: 'Connected' },
  { id: 'paused', word: 'Paused' },
  { id: 'disconnected', word: 'Disconnected' },
] as const;
export type StatusGroup = (typeof STATUS_GROUPS)[number]['id'];

export function groupOf(parameter: string | null): StatusGroup {
  return STATUS_GROUPS.find((group) => group.id === parameter)?.id ?? 'all';
}

/** The channels of a group whose addresses contain the text. */
export function chooseChannels(channels: Channel[], filter: { group: StatusGroup; text: string }): Channel[] {
  const text = filter.text.trim().toLowerCase();
  return channels.filter(
    (channel) =>
      belongs(channel, filter.group) &&
      [channel.account.email, channel.account.login, channel.owner?.email ?? ''].some((address) =>
        address.toLowerCase().includes(text),
      ),
  );
}

function belongs(channel: Channel, group: StatusGroup): boolean {
  switch (group) {
    case 'all':
      return true;
    case 'needs':
      return needsSomeone(channel);
    case 'disconnected':
      return isOneOf(LEFT, channel.status);
    case 'degraded':
    case 'connected':
    case 'paused':
      return channel.status === group;
  }
}
