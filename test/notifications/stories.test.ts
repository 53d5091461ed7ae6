import { afterAll, beforeAll, expect, it } from 'vitest';
import { until } from '../support/engine.ts';
import { Refusal } from '../support/mail-server.ts';
import { address, person, raiseNotices } from './raise-notices.ts';
import type { Notices } from './raise-notices.ts';

let stage: Notices;
const refused = new Set<string>();
const refuse = (to: string) => (refused.has(to) ? new Refusal(550, '5.1.1 no such user here') : null);

beforeAll(async () => {
  stage = await raiseNotices({ timeSkipping: true, refuse });
}, 180_000);
afterAll(() => stage.close());

const MINUTE_MS = 60_000;
const subjects = (to: string) => stage.to(to).map(({ mail }) => mail.subject);

it('rule 11: the owner has one mail of an incident, and one of its end', async () => {
  const owner = address('owner');
  const channel = await stage.connect('acme', { owner: person(owner) });
  await stage.breakAccess(channel);
  await until('the mail', () => stage.to(owner).length > 0);
  const [first] = stage.to(owner);
  expect(first?.text).toContain(channel.email);
  expect(first?.text).toMatch(/\/connect\/[\w-]{43}/);
  await until('the notice', async () => (await stage.notices(channel)).some(({ state }) => state === 'sent'));
  await stage.signIn(channel);
  await until('the end', () => stage.to(owner).length > 1);
  await until('both notices', async () => (await stage.notices(channel)).every(({ state }) => state === 'sent'));
  expect((await stage.notices(channel)).map(({ kind }) => kind)).toEqual(['recovered', 'reauth_required']);
  expect(subjects(owner)).toHaveLength(2);
}, 60_000);

it('the admins are told of a shared channel, and its owner is not', async () => {
  const [owner, ada, adi] = [address('owner'), address('ada'), address('adi')];
  await stage.policy('shared', { admins: [person(ada), person(adi)] });
  const channel = await stage.connect('shared', { owner: person(owner), kind: 'shared' });
  await stage.breakAccess(channel);
  await until('mails to both', () => stage.to(ada).length === 1 && stage.to(adi).length === 1);
  expect(subjects(owner)).toEqual([]);
}, 60_000);

it('channels of one person that break together share a mail, and the first does not wait for the others', async () => {
  const owner = address('owner');
  const channels = [];
  for (let i = 0; i < 3; i++) channels.push(await stage.connect('digest', { owner: person(owner) }));
  const [first, ...others] = channels;
  if (!first) throw new Error('There is no channel');
  await stage.breakAccess(first);
  await until('the first mail', () => stage.to(owner).length === 1);
  for (const channel of others) await stage.breakAccess(channel);
  await until('the others to wait', async () =>
    (await Promise.all(others.map(stage.notices))).flat().every(({ dueAt, createdAt }) => dueAt > createdAt),
  );
  await stage.engine.sleep(11 * MINUTE_MS);
  await until('the digest', () => stage.to(owner).length === 2);
  const digest = stage.to(owner)[1]?.text ?? '';
  expect(others.every(({ email }) => digest.includes(email))).toBe(true);
  expect(digest).not.toContain(first.email);
  const notices = (await Promise.all(others.map(stage.notices))).flat();
  await until('the notices', async () => (await stage.notices(first)).every(({ state }) => state === 'sent'));
  expect(new Set(notices.map(({ mailId }) => mailId)).size).toBe(1);
}, 60_000);

it('an unsubscribe holds for the person and the channel; the admins are told instead', async () => {
  const [owner, admin] = [address('owner'), address('admin')];
  await stage.policy('quitters', { admins: [person(admin)] });
  const channel = await stage.connect('quitters', { owner: person(owner) });
  await stage.breakAccess(channel);
  await until('the mail', () => stage.to(owner).length === 1);
  const header = stage.to(owner)[0]?.mail.headers.find(({ key }) => key === 'list-unsubscribe')?.value ?? '';
  const { pathname } = new URL(/<(.+)>/.exec(header)?.[1] ?? '');
  expect((await stage.api.request('GET', pathname, { headers: { accept: 'text/html' } })).status).not.toBe(405);
  expect(stage.to(admin)).toHaveLength(0);
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  const answer = await stage.api.request('POST', pathname, { body: 'List-Unsubscribe=One-Click', headers: form });
  expect(answer.status).toBe(200);
  expect((await stage.api.request('POST', `${pathname}x`)).status).toBe(404);
  await until('the admin is told', () => stage.to(admin).length === 1);
  await stage.signIn(channel);
  await until('the end', () => stage.to(admin).length === 2);
  await stage.breakAccess(channel);
  await until('the admin is told again', () => stage.to(admin).length === 3);
  const list = (await stage.api.call('GET', `/v1/notices?channel=${channel.id}`)).json as {
    data: { to: string; state: string; error: string }[];
  };
  expect(list.data.find(({ to, state }) => to === owner && state === 'suppressed')?.error).toBe('unsubscribed');
  expect(subjects(owner)).toHaveLength(1);
}, 60_000);

it('a refused owner counts as gone, whether the mail server refuses the address at once or later', async () => {
  const [gone, bouncing, admin] = [address('gone'), address('bouncing'), address('admin')];
  refused.add(gone);
  await stage.policy('leavers', { admins: [person(admin)], digest: false });
  const channel = await stage.connect('leavers', { owner: person(gone) });
  await stage.breakAccess(channel);
  await until('the admin is told', () => stage.to(admin).length === 1);
  expect(stage.to(admin)[0]?.text).toContain(channel.email);
  const failed = (await stage.notices(channel)).find(({ recipient }) => recipient === gone);
  expect(failed).toMatchObject({ state: 'failed', error: 'recipient_refused' });
  const other = await stage.connect('leavers', { owner: person(bouncing) });
  await stage.breakAccess(other);
  await until('the mail', async () => (await stage.notices(other)).some(({ state }) => state === 'sent'));
  const report = { to: bouncing, at: (await stage.now()).toISOString(), reason: '550 5.1.1 unknown' };
  expect((await stage.api.call('POST', '/v1/notices/bounces', report)).status).toBe(202);
  await until('the admin is told', () => stage.to(admin).length === 2);
  expect(stage.to(admin)[1]?.text).toContain(other.email);
}, 60_000);

it('thirty people of one tenant are told at once', async () => {
  const people = Array.from({ length: 30 }, () => address('reset'));
  const channels = await Promise.all(people.map((owner) => stage.connect('resets', { owner: person(owner) })));
  await Promise.all(channels.map((channel) => stage.breakAccess(channel)));
  await until('thirty mails', () => people.every((owner) => stage.to(owner).length === 1), 60_000);
  const times = people.flatMap((owner) => stage.to(owner).map(({ at }) => at.getTime()));
  expect(Math.max(...times) - Math.min(...times)).toBeLessThan(30_000);
}, 120_000);

it('the product has the people of broken channels told now, and hears why others are not', async () => {
  const owner = address('owner');
  const broken = await stage.connect('asked', { owner: person(owner) });
  const well = await stage.connect('asked', { owner: person(owner) });
  await stage.breakAccess(broken);
  await until('the mail', async () => (await stage.notices(broken)).some(({ state }) => state === 'sent'));
  const body = { channels: [broken.id, well.id, 'chn_none'], kind: 'reauth_required' };
  const answer = await stage.api.call('POST', '/v1/notices', body);
  expect(answer.status).toBe(202);
  expect(answer.json).toEqual({
    sent: 1,
    held: 0,
    skipped: [
      { channel: well.id, why: 'not_needed' },
      { channel: 'chn_none', why: 'not_found' },
    ],
  });
  await until('the second mail', () => stage.to(owner).length === 2);
}, 60_000);

it('the admins hear at once when the product names no owner any more, and the former one hears nothing more', async () => {
  const [former, admin] = [address('former'), address('admin')];
  await stage.policy('orphans', { admins: [person(admin)], digest: true });
  const [told, waiting] = [
    await stage.connect('orphans', { owner: person(former) }),
    await stage.connect('orphans', { owner: person(former) }),
  ];
  await stage.breakAccess(told);
  await until('the mail', () => stage.to(former).length === 1);
  await stage.breakAccess(waiting);
  await until('the second waits', async () => (await stage.notices(waiting)).length > 0);
  for (const { id } of [told, waiting]) await stage.api.call('PATCH', `/v1/channels/${id}`, { owner: null });
  await until('the admin is told', () => stage.to(admin).length > 0);
  await stage.engine.sleep(11 * MINUTE_MS);
  const text = () => stage.to(admin).map((mail) => mail.text);
  await until('of both', () => [told, waiting].every(({ email }) => text().some((one) => one.includes(email))));
  await until('the former one’s notice ends', async () =>
    (await stage.notices(waiting)).some(({ recipient, state }) => recipient === former && state === 'suppressed'),
  );
  expect(stage.to(former)).toHaveLength(1);
}, 60_000);

it('the product has a person mailed about a channel once in ten minutes', async () => {
  const owner = address('asked');
  const channel = await stage.connect('asking', { owner: person(owner) });
  await stage.breakAccess(channel);
  await until('the mail', () => stage.to(owner).length === 1);
  const ask = async () =>
    (await stage.api.call('POST', '/v1/notices', { channels: [channel.id], kind: 'reauth_required' })).json;
  expect(await ask()).toMatchObject({ sent: 1, held: 0 });
  await until(
    'the second',
    async () => (await stage.notices(channel)).filter(({ state }) => state === 'sent').length === 2,
  );
  expect(await ask()).toMatchObject({ sent: 0, held: 1 });
  expect(stage.to(owner)).toHaveLength(2);
}, 60_000);
