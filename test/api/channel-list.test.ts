import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BY_NEED, CHANNEL_SORTS } from '../../domain/channel.ts';
import type { ChannelSort } from '../../domain/channel.ts';
import { newId } from '../../db/ids.ts';
import type { Channel } from '../../api/schemas/channels.ts';
import { raiseApi } from './raise-api.ts';
import type { RaisedApi } from './raise-api.ts';

const CHANNELS = 42;
/** Several channels share each: pages must not rest on what is unique. */
const SINCE = ['2026-01-01T00:00:00.000001Z', '2026-01-01T00:00:00.000002Z', '2026-02-01T00:00:00Z'];
const COVERED = ['2026-03-01T00:00:00.000001Z', null, '2026-03-01T00:00:00.000002Z'];
const OWNERS = [null, { email: 'Eva_100%@example.com', name: 'Eva Müller' }];

let api: RaisedApi['api'];
let close: RaisedApi['close'];
const ids: string[] = [];

beforeAll(async () => {
  const raised = await raiseApi();
  ({ api, close } = raised);
  const { sql } = raised;
  await sql`insert into tenants (id, created_at) values ('acme', now()), ('globex', now())`;
  for (let at = 0; at < CHANNELS; at++) {
    const id = newId('chn');
    ids.push(id);
    const email = `${at % 2 ? 'Person' : 'person'}.${(at * 17) % 10}@example.com`;
    const owner = OWNERS[at % OWNERS.length];
    await sql`insert into channels (id, tenant_id, kind, access_type, uses, account_email, account_login,
      account_provider_id, mailbox_key, status, status_since, covered_until, owner, credential_version, created_at)
      values (${id}, ${at % 3 ? 'acme' : 'globex'}, 'individual', 'imap', '{read}', ${email}, ${`login-${at}`}, 'x', ${id},
        ${BY_NEED[at % BY_NEED.length]!}, ${SINCE[at % SINCE.length]!}, ${COVERED[(at * 5) % COVERED.length]!},
        ${owner ? sql.json(owner) : null}, 1, now())`;
  }
}, 60_000);
afterAll(() => close?.());

async function walk(query: string, limit = 5): Promise<Channel[]> {
  const found: Channel[] = [];
  let after = '';
  do {
    const { status, json } = await api.call('GET', `/v1/channels?limit=${limit}&${query}${after}`);
    expect(status, JSON.stringify(json)).toBe(200);
    found.push(...json.data);
    after = json.next === null ? '' : `&after=${json.next}`;
  } while (after !== '');
  return found;
}

const rank = ({ status }: Channel) => BY_NEED.indexOf(status);
const inTime = (a: string | null, b: string | null) => Date.parse(a ?? '1970-01-01') - Date.parse(b ?? '1970-01-01');
const inWords = (a: string, b: string) => (a < b ? -1 : Number(a > b));
const ORDERS: Record<ChannelSort, (a: Channel, b: Channel) => number> = {
  created_at: (a, b) => inWords(a.id, b.id),
  needs: (a, b) => rank(a) - rank(b) || inTime(a.status_since, b.status_since),
  email: (a, b) => inWords(a.account.email.toLowerCase(), b.account.email.toLowerCase()),
  status_since: (a, b) => inTime(a.status_since, b.status_since),
  covered_until: (a, b) => inTime(a.covered_until, b.covered_until),
};

describe('a sorted list', () => {
  test.for(CHANNEL_SORTS)('by %s gives each channel once, in order, page by page', async (sort) => {
    for (const tenant of ['', '&tenant=acme']) {
      const found = await walk(`sort=${sort}${tenant}`);
      const listed = found.map(({ id }) => id);
      expect([...listed].sort()).toEqual(ids.filter((_, at) => tenant === '' || at % 3 > 0).sort());
      expect(listed).toEqual([...found].sort(ORDERS[sort]).map(({ id }) => id));
    }
  });

  test('goes on where it was while channels come, and its cursor belongs to its order', async () => {
    const { json } = await api.call('GET', '/v1/channels?sort=needs&limit=3');
    const other = await api.call('GET', `/v1/channels?sort=email&after=${json.next}`);
    expect(other).toMatchObject({ status: 400, json: { code: 'invalid_cursor' } });
    for (const forged of [
      ['needs', 'x', '1', 'chn_1'],
      ['needs', '1', 'chn_1'],
      ['needs', '1', '9'.repeat(18), 'x'],
      [1],
      7,
    ]) {
      const after = Buffer.from(JSON.stringify(forged)).toString('base64url');
      const answer = await api.call('GET', `/v1/channels?sort=needs&after=${after}`);
      expect(answer, String(forged)).toMatchObject({ status: 400, json: { code: 'invalid_cursor' } });
    }
    expect(await api.call('GET', '/v1/channels?sort=name')).toMatchObject({ status: 400 });
  });
});

const found = async (q: string, more = '') =>
  (await walk(`q=${encodeURIComponent(q)}${more}`)).map(({ id }) => ids.indexOf(id));
const every = (fits: (at: number) => boolean) => ids.map((_, at) => at).filter(fits);

describe('a search', () => {
  test('finds a part of an address, of a login, of the owner and of an id, in any case', async () => {
    expect(await found('PERSON.7@')).toEqual(every((at) => (at * 17) % 10 === 7));
    expect(await found('login-40')).toEqual([40]);
    expect(await found('müller')).toEqual(every((at) => at % 2 === 1));
    expect(await found(` ${ids[5]} `)).toEqual([5]);
    expect(await found(ids[5]!.slice(8))).toEqual([5]);
    expect(await found('nothing like it')).toEqual([]);
  });

  test('takes signs of a pattern for themselves', async () => {
    expect(await found('eva_100%')).toEqual(every((at) => at % 2 === 1));
    expect(await found('person_')).toEqual([]);
    expect(await found('%')).toEqual(every((at) => at % 2 === 1));
    expect(await found('\\')).toEqual([]);
  });

  test('stays within the tenant, the statuses and the order', async () => {
    const few = await walk('q=person&status=blocked,paused&sort=email&tenant=acme', 2);
    expect(new Set(few.map(({ status }) => status))).toEqual(new Set(['blocked', 'paused']));
    expect(few).toHaveLength(every((at) => at % 3 > 0 && ['blocked', 'paused'].includes(BY_NEED[at % 7]!)).length);
    expect(few.every(({ tenant }) => tenant === 'acme')).toBe(true);
    expect(few).toEqual([...few].sort(ORDERS.email));
    const wrong = await api.call('GET', '/v1/channels?status=blocked,broken');
    expect(wrong).toMatchObject({
      status: 400,
      json: { code: 'validation_failed', errors: [{ in: 'query', path: 'status' }] },
    });
  });
});
