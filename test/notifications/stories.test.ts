import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { tellAllExpiring } from '../../background/expiring.ts';
import { refreshCredential } from '../../credentials/refresh.ts';
import { findChannel } from '../../db/channels/channels.ts';
import { findCredentialState } from '../../db/credentials/credentials.ts';
import { updateQueued } from '../../db/notices/notices.ts';
import { channels } from '../../db/schema/channels.ts';
import { credentials } from '../../db/schema/credentials.ts';
import { channelOf, connectMicrosoft } from '../support/connect.ts';
import { personal } from '../support/minting.ts';
import { until } from '../support/engine.ts';
import { planAll } from '../support/settle.ts';
import { wakeRecipients } from '../../notifications/wake-recipients.ts';
import { Refusal } from '../support/mail-server.ts';
import { address, person, raiseNotices } from './raise-notices.ts';
import type { Notices, Told } from './raise-notices.ts';

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

it('a mail about a channel that needs another access leads to a page that offers the ways to it', async () => {
  const owner = address('owner');
  const channel = await stage.connect('movers', { owner: person(owner) });
  await stage.breakAccess(channel);
  await until('the first mail', () => stage.to(owner).length === 1);
  const { database } = stage.engine.context;
  await database.inTenant(channel.tenantId, (tx) =>
    tx.update(channels).set({ action: 'change_access' }).where(eq(channels.id, channel.id)),
  );
  await stage.api.call('POST', '/v1/notices', { channels: [channel.id], kind: 'reauth_required' });
  await until('the mail', () => stage.to(owner).length === 2);
  const told = stage.to(owner)[1]?.text ?? '';
  expect(told).toContain('Change the access');
  const [path] = /\/connect\/[\w-]{43}/.exec(told) ?? [];
  const session = (await stage.api.call('GET', `${path}/session`)).json as { purpose: string; access_types: string[] };
  expect(session.purpose).toBe('change_access');
  expect(session.access_types).toEqual(expect.arrayContaining(['gmail', 'imap', 'microsoft']));
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

const DAY_MS = 86_400_000;

it('a grant that ends soon is told once, by why and when, to those who can renew it; a renewed one is not', async () => {
  const { engine } = stage;
  const { database, clock } = engine.context;
  const [owner, ada, mo, late] = [address('owner'), address('ada'), address('mo'), address('late')];
  const hour = (await clock.now()).getUTCHours();
  const at = (hours: number) => `${String((hour + hours + 24) % 24).padStart(2, '0')}:00`;
  await stage.policy('ending', { admins: [person(ada)] });
  await stage.policy('renewing', { quietHours: { from: at(-2), to: at(6), timeZone: 'UTC' } });
  await engine.sandbox.settings('google', { refresh_token_life_s: 7 * 86_400 });
  const channel = await stage.connect('ending', { owner: person(owner, { locale: 'de' }) });
  const shared = await stage.connect('ending', { owner: person(owner), kind: 'shared' });
  const renewed = await stage.connect('renewing', { owner: person(late) });
  await engine.sandbox.settings('google', { refresh_token_life_s: null });
  const unusedId = await connectUnused(mo);
  const unused = { id: unusedId, tenantId: 'ending', email: '' };
  const credentialOf = async ({ id, tenantId }: Pick<Told, 'id' | 'tenantId'>) =>
    (await database.inTenant(tenantId, (tx) => findCredentialState(tx, id)))!;
  const warnNow = async ({ id, tenantId }: Pick<Told, 'id' | 'tenantId'>) => {
    const change = { expiryWarnAt: await clock.now() };
    await database.inTenant(tenantId, (tx) => tx.update(credentials).set(change).where(eq(credentials.channelId, id)));
  };
  const { grantEndsAt } = await credentialOf(channel);
  for (const one of [channel, shared, renewed, unused]) await warnNow(one);
  await tellAllExpiring(engine.context);
  await until('the mails', () => [owner, ada, mo].every((to) => stage.to(to).length === 1));
  const [mail] = stage.to(owner);
  expect(mail?.mail.subject).toContain('läuft bald ab');
  const day = new Intl.DateTimeFormat('de-DE', { dateStyle: 'long', timeZone: 'UTC' }).format(grantEndsAt!);
  const said = [channel.email, 'Google verlangt von Zeit zu Zeit eine neue Anmeldung.', day];
  for (const body of [mail?.text ?? '', String(mail?.mail.html)]) for (const part of said) expect(body).toContain(part);
  expect(stage.to(ada)[0]?.text).toContain(shared.email);
  expect(stage.to(mo)[0]?.text).toContain('Microsoft ends an access that is not used for a long time.');
  const { pathname } = new URL(/http\S+\/connect\/[\w-]{43}/.exec(mail?.text ?? '')?.[0] ?? '');
  const sessionOf = async () => (await stage.api.request('GET', `${pathname}/session`)).json;
  expect(await sessionOf()).toMatchObject({ purpose: 'reauthorize', done: false });

  // Its mail waits for the end of the quiet hours, and the person signs in before.
  await until('the notice', async () => (await stage.notices(renewed)).length === 1);
  await stage.signIn(renewed);
  await until('its end', async () => (await stage.notices(renewed))[0]?.state === 'suppressed');
  expect((await stage.notices(renewed))[0]).toMatchObject({
    kind: 'expiring',
    error: 'reauthorized',
    incidentId: null,
  });

  // The same end is told again, as after a crash: no second notice.
  await warnNow(channel);
  await tellAllExpiring(engine.context);
  await planAll(engine.context);
  await until('the notice', async () => (await stage.notices(channel)).every(({ state }) => state === 'sent'));
  expect(await stage.notices(channel)).toMatchObject([{ kind: 'expiring', why: 'owner', incidentId: null }]);
  expect(stage.to(owner)).toHaveLength(1);

  // A pause keeps warnings back. The next owner hears of the end that the last one was warned of.
  const heir = address('heir');
  await stage.api.call('POST', `/v1/channels/${channel.id}/pause`);
  await warnNow(channel);
  await tellAllExpiring(engine.context);
  expect((await credentialOf(channel)).expiryWarnAt!.getTime()).toBeGreaterThan((await clock.now()).getTime());
  await stage.api.call('PATCH', `/v1/channels/${channel.id}`, { owner: { email: heir } });
  const ofHeir = async () => (await stage.notices(channel)).filter(({ recipient }) => recipient === heir);
  await until('it to be kept back', async () => (await ofHeir()).some(({ dueAt, createdAt }) => dueAt > createdAt));
  expect(await ofHeir()).toMatchObject([{ kind: 'expiring', state: 'queued' }]);
  await stage.api.call('POST', `/v1/channels/${channel.id}/resume`);
  const kept = await ofHeir();
  const dueAt = await clock.now();
  const ids = kept.map(({ id }) => id);
  await database.inTenant('ending', (tx) => updateQueued(tx, ids, { dueAt }));
  await wakeRecipients(engine.context, kept);
  await until('the mail', () => stage.to(heir).length === 1);
}, 240_000);

it('a warning in the queue is not sent once a refresh has moved the end', async () => {
  const { engine } = stage;
  const { database, clock } = engine.context;
  const owner = address('owner');
  const hour = (await clock.now()).getUTCHours();
  const at = (hours: number) => `${String((hour + hours + 24) % 24).padStart(2, '0')}:00`;
  await stage.policy('prolonged', { quietHours: { from: at(-2), to: at(6), timeZone: 'UTC' } });
  const mended: (() => Promise<unknown>)[] = [];
  const id = await connectUnused(owner, { tenantId: 'prolonged', mended });
  const channel = { id, tenantId: 'prolonged', email: '' };
  const change = { expiryWarnAt: await clock.now() };
  await database.inTenant('prolonged', (tx) => tx.update(credentials).set(change).where(eq(credentials.channelId, id)));
  await tellAllExpiring(engine.context);
  await until('the notice', async () => (await stage.notices(channel)).length === 1);
  expect(await stage.notices(channel)).toMatchObject([{ kind: 'expiring', state: 'queued' }]);
  for (const mend of mended) await mend();
  const refresh = { tenantId: 'prolonged', channelId: id, accessType: 'microsoft', version: 1 } as const;
  expect(await refreshCredential(engine.context, refresh)).toBe('refreshed');
  await stage.policy('prolonged', { quietHours: null });
  const queued = await stage.notices(channel);
  const dueAt = await clock.now();
  const ids = queued.map((notice) => notice.id);
  await database.inTenant('prolonged', (tx) => updateQueued(tx, ids, { dueAt }));
  await wakeRecipients(engine.context, queued);
  await until('its end', async () => (await stage.notices(channel))[0]?.state !== 'queued');
  expect(await stage.notices(channel)).toMatchObject([{ kind: 'expiring', state: 'suppressed', error: 'not_needed' }]);
  expect(stage.to(owner)).toEqual([]);
}, 120_000);

/** A channel of Microsoft's that lies unused for most of the 90 days after which its grant ends. */
async function connectUnused(
  owner: string,
  { tenantId = 'ending', mended = [] }: { tenantId?: string; mended?: (() => Promise<unknown>)[] } = {},
): Promise<string> {
  const { engine } = stage;
  const { database } = engine.context;
  await engine.sandbox.settings('microsoft', { token_life_s: 30 * 86_400 });
  const email = `${personal('mailbox')}@contoso.example`;
  await engine.sandbox.account('microsoft', email);
  const spec = { owner: person(owner), import: 'off' as const };
  const id = channelOf(await connectMicrosoft(engine, email, { tenantId, spec }));
  // Its workflow sleeps, and could not refresh the grant.
  const fault = await engine.sandbox.fault('microsoft', email, 'unavailable', { kind: 'token' });
  mended.push(() => engine.sandbox.mend(fault.id));
  await until('its workflow', async () => {
    return ((await database.inTenant(tenantId, (tx) => findChannel(tx, id)))?.workflowSeq ?? 0) > 0;
  });
  await database.inTenant(tenantId, async (tx) => {
    const { issuedAt, expiryWarnAt } = (await findCredentialState(tx, id))!;
    const warnAfterDays = (expiryWarnAt!.getTime() - issuedAt!.getTime()) / DAY_MS;
    expect([warnAfterDays > 82, warnAfterDays <= 83]).toEqual([true, true]);
    const change = { issuedAt: new Date(issuedAt!.getTime() - 84 * DAY_MS) };
    await tx.update(credentials).set(change).where(eq(credentials.channelId, id));
  });
  return id;
}
