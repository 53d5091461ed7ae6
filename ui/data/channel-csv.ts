import { call, getPage } from './client.ts';
import type { Channel } from '../../api/schemas/channels.ts';
import type { Page } from '../../api/schemas/list.ts';
import { listQueryOf } from './channel-pages.ts';
import type { ListFilter } from './channel-pages.ts';

const PAGE = 200;

const COLUMNS: Record<string, (channel: Channel) => string | null> = {
  id: ({ id }) => id,
  tenant: ({ tenant }) => tenant,
  email: ({ account }) => account.email,
  login: ({ account }) => account.login,
  access_type: ({ access_type: accessType }) => accessType,
  kind: ({ kind }) => kind,
  owner: ({ owner }) => owner?.email ?? null,
  status: ({ status }) => status,
  status_reason: ({ status_reason: reason }) => reason,
  status_since: ({ status_since: since }) => since,
  action: ({ action }) => action,
  covered_until: ({ covered_until: until }) => until,
  import_state: ({ import_state: state }) => state,
  last_verified_at: ({ last_verified_at: at }) => at,
  created_at: ({ created_at: at }) => at,
};

/** Every channel that fits the filter, however many pages, as CSV (RFC 4180) for a spreadsheet. */
export async function channelsAsCsv(filter: ListFilter): Promise<string> {
  const lines = [Object.keys(COLUMNS).join(',')];
  let after: string | null = null;
  do {
    const page: Page<Channel> = await call(
      'GET',
      getPage('/v1/channels', { ...listQueryOf(filter), limit: PAGE, after }),
    );
    for (const channel of page.data)
      lines.push(
        Object.values(COLUMNS)
          .map((show) => cell(show(channel)))
          .join(','),
      );
    after = page.next;
  } while (after !== null);
  return `${lines.join('\r\n')}\r\n`;
}

/** A spreadsheet runs what begins like a formula; an apostrophe makes it text. */
export function cell(value: string | null): string {
  const text = value ?? '';
  const plain = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
}
