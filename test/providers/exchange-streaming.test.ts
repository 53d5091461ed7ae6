import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Session, SessionAccess } from '../../providers/contract.ts';
import { createExchangeProvider } from '../../providers/exchange/adapter.ts';
import { Secret } from '../../domain/secret.ts';
import { createEgressGuard } from '../../net/egress.ts';
import { readFileSync } from 'node:fs';
import { secret } from '../support/minting.ts';
import { failureOf } from './contract.ts';
import { Stage } from './stage.ts';

const ROOM = { timeout: 30_000 };
let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open();
});
afterAll(async () => {
  await stage.close();
});

async function createAccount() {
  const email = `ana.${randomBytes(4).toString('hex')}@contoso.example`;
  const password = secret('exchange-password');
  await stage.control('PUT', `/accounts/exchange/${email}`, { password });
  return { email, access: stage.exchangeAccess(email, password), ...stage.accountAt('exchange', email) };
}

/** A session that listens; `ended` is the answer, or the error. */
async function listening(access: SessionAccess, provider = stage.providerOf('exchange')) {
  const ending = new AbortController();
  const session: Session = await provider.openSession(access, ending.signal);
  const heard = { count: 0, ended: null as unknown };
  const ended = Promise.resolve(session.listen?.(() => void heard.count++, ending.signal)).catch(
    (error: unknown) => error,
  );
  void ended.then((value) => (heard.ended = value));
  return {
    heard,
    ended,
    stop: async () => {
      ending.abort('stopping');
      await session.close();
      return await ended;
    },
  };
}

const operations = async (email: string) =>
  (
    await stage.control<{ data: { operation: string }[] }>('GET', `/requests?provider=exchange&kind=api&email=${email}`)
  ).data.map(({ operation }) => operation);
const count = async (email: string, operation: string) =>
  (await operations(email)).filter((one) => one === operation).length;

describe('streaming notifications', () => {
  it('tell of mail in every folder, over streams that end and are opened again for the same subscription', async () => {
    const { email, access, deliver, fault } = await createAccount();
    const { heard, stop } = await listening(access);
    await expect.poll(() => heard.count, ROOM).toBe(1);
    await deliver(1);
    await expect.poll(() => heard.count, ROOM).toBe(2);
    // What comes to folders that are not imported is no news.
    for (const folder of ['Drafts', 'Trash', 'Junk']) await deliver(1, { folder });
    await deliver(1);
    await expect.poll(() => heard.count, ROOM).toBe(3);
    await fault('stream_closed');
    await expect.poll(() => count(email, 'GetStreamingEvents'), ROOM).toBe(2);
    expect(heard.count).toBe(3);
    await deliver(1, { folder: 'Projects' });
    await expect.poll(() => heard.count, ROOM).toBeGreaterThan(3);
    expect(await count(email, 'Subscribe')).toBe(1);
    expect(await stop()).toBe('stopping');
  });

  it('are subscribed to anew where the server has lost the subscription, and are no longer when it loses each', async () => {
    const { email, access, deliver, fault } = await createAccount();
    const { heard, ended } = await listening(access);
    await expect.poll(() => heard.count, ROOM).toBe(1);
    await fault('server_restarted');
    // What came between the two is asked for.
    await expect.poll(() => heard.count, ROOM).toBe(2);
    await deliver(1);
    await expect.poll(() => heard.count, ROOM).toBe(3);
    await fault('server_restarted');
    await expect.poll(() => heard.count, ROOM).toBe(4);
    await fault('server_restarted');
    expect(await ended).toMatchObject({ verdict: { kind: 'transient' } });
    expect(await count(email, 'Subscribe')).toBe(3);
  });

  it('end as a failure of the network when the connection is cut, and are opened with one login', async () => {
    const { email, access, fault } = await createAccount();
    const { heard, ended } = await listening(access);
    await expect.poll(() => heard.count, ROOM).toBe(1);
    await fault('session_revoked');
    expect(await ended).toMatchObject({ verdict: { kind: 'transient', reason: 'network' } });
    const { data } = await stage.control<{ data: unknown[] }>(
      'GET',
      `/requests?provider=exchange&kind=login&email=${email}`,
    );
    expect(data).toHaveLength(1);
  });

  it.each(['subscription_refused', 'streams_exhausted'])('are declined under %s', async (name) => {
    const { access, fault } = await createAccount();
    await fault(name);
    const { heard, ended } = await listening(access);
    expect(await ended).toBe('declined');
    expect(heard.count).toBe(0);
  });

  it('are declined by a server that has as many as it takes, and taken again later', async () => {
    const { access } = await createAccount();
    const held = await Promise.all(Array.from({ length: 10 }, () => listening(access)));
    for (const { heard } of held) await expect.poll(() => heard.count, ROOM).toBe(1);
    const one = await listening(access);
    expect(await one.ended).toBe('declined');
    await held[0]?.stop();
    await expect
      .poll(async () => {
        const again = await listening(access);
        const ended = await Promise.race([again.ended, expect.poll(() => again.heard.count, ROOM).toBe(1)]);
        await again.stop();
        return ended;
      }, ROOM)
      .not.toBe('declined');
    await Promise.all(held.slice(1).map(({ stop }) => stop()));
  });

  it('are declined behind a proxy that keeps them back, and taken as broken when a stream falls silent', async () => {
    const { ca_file: caFile, url } = stage.sandbox.addresses.exchange;
    const impatient = createExchangeProvider({
      egress: createEgressGuard({ allow: [new URL(String(url)).host] }),
      certificateAuthorities: readFileSync(String(caFile), 'utf8'),
      silenceMs: 1_500,
    });
    const { access, fault } = await createAccount();
    const silent = await listening(access, impatient);
    expect(await silent.ended).toMatchObject({ verdict: { kind: 'transient', reason: 'network' } });
    expect(silent.heard.count).toBe(1);
    const followedOn = await listening(access, impatient);
    await expect.poll(() => followedOn.heard.count, ROOM).toBe(1);
    await fault('proxy_buffers');
    await fault('stream_closed');
    expect(await followedOn.ended).toMatchObject({ verdict: { kind: 'transient', reason: 'network' } });
    const buffered = await listening(access, impatient);
    expect(await buffered.ended).toBe('declined');
  });

  it('tell a delegate of the mailbox that it reads, of its inbox where another folder is closed, and nothing of its own', async () => {
    const [owner, delegate] = [await createAccount(), await createAccount()];
    await stage.control('PUT', `/accounts/exchange/${owner.email}`, { delegates: [delegate.email] });
    const context = { shared_mailbox: owner.email };
    const access = { ...delegate.access, mailbox: owner.email, context } as SessionAccess;
    const { heard, stop } = await listening(access);
    await expect.poll(() => heard.count, ROOM).toBe(1);
    await delegate.deliver(1);
    await owner.deliver(1);
    await expect.poll(() => heard.count, ROOM).toBe(2);
    await stop();
    expect(heard.count).toBe(2);

    await delegate.fault('access_denied', { message: 'archive' });
    const again = await listening(access);
    await expect.poll(() => again.heard.count, ROOM).toBe(1);
    await owner.deliver(1);
    await expect.poll(() => again.heard.count, ROOM).toBe(2);
    expect(await again.stop()).toBe('stopping');
    expect(await count(delegate.email, 'Subscribe')).toBe(3);
  });

  it('ask for a refused password once', async () => {
    const { access } = await createAccount();
    const wrong = { ...access, password: new Secret(secret('wrong-password')) } as SessionAccess;
    const { ended } = await listening(wrong);
    const { verdict } = await failureOf(ended.then((error) => Promise.reject(error as Error)));
    expect(verdict).toMatchObject({ kind: 'reauth_required', vague: true });
  });
});
