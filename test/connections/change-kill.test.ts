import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { refreshCredential } from '../../credentials/refresh.ts';
import { KILL_POINTS } from '../../domain/kill-points.ts';
import { raiseApi } from '../api/raise-api.ts';
import type { RaisedApi } from '../api/raise-api.ts';
import { importing, messageIds } from '../imports/importing.ts';
import { browse } from '../support/api.ts';
import { keepOutput } from '../support/kept-log.ts';
import { changing } from './changing.ts';
import { startServerProcess } from './server-process.ts';

/*
 * A change of access, the way back and the end of the access before, at real processes that die at each named step: before the
 * commit nothing has changed, and after it the rest follows by itself.
 */

let raised: RaisedApi;
let stage: RaisedApi['stage'];
let at: ReturnType<typeof changing>;

beforeAll(async () => {
  raised = await raiseApi();
  ({ stage } = raised);
  at = changing(raised);
}, 60_000);
afterAll(() => raised?.close());

const TENANT = 'acme';
const TIMEOUT_MS = 120_000;
const of = (name: string) => KILL_POINTS.filter((point) => point.startsWith(name));

const dyingServer = (point: string) =>
  startServerProcess({ ...stage.serverEnvironment, MOORING_PUBLIC_URL: raised.api.url, MOORING_KILL_AT: point });

/** The signal that ended the sweep of a worker. */
async function endAndDie(point: string): Promise<string | null> {
  const env = { ...process.env, ...stage.environment, MOORING_KILL_AT: point };
  const child = fork(join(import.meta.dirname, 'ender-process.ts'), { silent: true, env });
  keepOutput(child);
  const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
  return signal;
}

async function channelOfBoth(email: string) {
  const channelId = await at.connect('imap', email);
  const own = await stage.sandbox.deliver('imap', email, 6);
  await importing(stage.context).settle(channelId);
  await at.account('gmail', email);
  await at.copy('imap', 'gmail', email);
  return { channelId, own };
}

describe.concurrent('KILL: a change of access whose server dies', { timeout: TIMEOUT_MS }, () => {
  test.for(of('sign_in.'))('at %s', async (point) => {
    const email = `change-${point.replace('.', '-')}@example.com`;
    const { channelId, own } = await channelOfBoth(email);
    const before = await at.show(channelId);
    const link = await at.changeLink(channelId, { access_types: ['gmail'] });
    const browser = browse(raised.api);
    const { json } = await browser('POST', `${link.path}/authorize`, { access_type: 'gmail' });
    const back = await stage.sandbox.consent(json.authorization_url, email);
    const { url, died } = await dyingServer(point);
    await expect(browser('GET', back.replace(raised.api.url, url))).rejects.toThrow();
    expect(await died).toBe('SIGKILL');
    if (point === 'sign_in.settled') {
      expect(await at.show(channelId)).toMatchObject({ access_type: 'gmail', credential_version: 2 });
    } else {
      expect(await at.show(channelId)).toEqual(before);
      expect(await at.restingIn(channelId)).toBe(0);
      expect((await at.signIn(link.path, 'gmail', email, { browser })).code).toBeNull();
    }
    const { finish, told } = importing(stage.context);
    expect(await finish(channelId, await at.runningImport(channelId))).toMatchObject({
      state: 'completed',
      counts: { imported: 0, missing: 0 },
    });
    expect(await at.stored(channelId)).toEqual(messageIds(own));
    expect(await told(channelId, 'channel.access_changed')).toHaveLength(1);
    expect(await at.restingIn(channelId)).toBe(1);
  });
});

describe.concurrent('KILL: a way back whose server dies', { timeout: TIMEOUT_MS }, () => {
  test.for(of('revert.'))('at %s', async (point) => {
    const email = `back-${point.replace('.', '-')}@example.com`;
    const { channelId } = await channelOfBoth(email);
    expect((await at.change(channelId, 'gmail', email)).code).toBeNull();
    const before = await at.show(channelId);
    const { url, died } = await dyingServer(point);
    const headers = { authorization: `Bearer ${raised.api.call.key}` };
    const path = `/v1/channels/${channelId}/revert-access`;
    await expect(fetch(`${url}${path}`, { method: 'POST', headers })).rejects.toThrow();
    expect(await died).toBe('SIGKILL');
    if (point === 'revert.settling') {
      expect(await at.show(channelId)).toEqual(before);
      expect((await at.revert(channelId)).status).toBe(200);
    }
    expect(await at.show(channelId)).toMatchObject({ access_type: 'imap', credential_version: 3 });
    expect(await importing(stage.context).told(channelId, 'channel.access_changed')).toHaveLength(2);
    expect(await importing(stage.context).poll(channelId)).toMatchObject({ outcome: 'more' });
  });
});

describe('KILL: the end of an access at rest whose worker dies', { timeout: TIMEOUT_MS }, () => {
  test.for(of('rest.'))('at %s', async (point) => {
    const email = `rest-${point.replace('.', '-')}@example.com`;
    const { channelId } = await channelOfBoth(email);
    expect((await at.change(channelId, 'gmail', email)).code).toBeNull();
    expect((await at.revert(channelId)).status).toBe(200);
    expect(await endAndDie(point)).toBe('SIGKILL');
    const revokedBefore = await at.revocations('gmail', email);
    expect(revokedBefore).toBe(point === 'rest.revoked' ? 1 : 0);
    expect(await at.restingIn(channelId)).toBe(1);
    // The next worker takes it once the hold of the dead one is over.
    await at.passHour(channelId);
    await at.endRests();
    expect(await at.restingIn(channelId)).toBe(0);
    expect(await at.revocations('gmail', email)).toBe(revokedBefore + 1);
    expect(await at.show(channelId)).toMatchObject({ access_type: 'imap', status: 'connected' });
  });
});

test('a refresh whose process died with its answer sealed is settled before the grant is revoked', async () => {
  await stage.sandbox.settings('google', { refresh_rotation: 'strict' });
  const email = 'left-answer@example.com';
  const channelId = await at.connect('gmail', email);
  const dying = {
    ...stage.context,
    killPoint: (point: string) => {
      if (point === 'refresh.sealed') throw new Error('the process ends here');
    },
  };
  const input = { tenantId: TENANT, accessType: 'gmail', channelId, version: 1 } as const;
  await expect(refreshCredential(dying, input)).rejects.toThrow('the process ends here');
  expect((await at.change(channelId, 'imap', email, { attested: true })).code).toBeNull();
  expect((await at.revert(channelId)).status).toBe(200);
  expect(await refreshCredential(stage.context, { ...input, version: 3 })).toBe('refreshed');
  expect((await at.change(channelId, 'imap', email, { attested: true })).code).toBeNull();
  await at.passHour(channelId);
  await at.endRests();
  expect(await at.revocations('gmail', email)).toBe(1);
  await stage.sandbox.settings('google', { refresh_rotation: 'none' });
});
