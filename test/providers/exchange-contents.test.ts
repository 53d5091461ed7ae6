import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readMessageHeaders } from '../../imports/fetching/headers.ts';
import { secret } from '../support/minting.ts';
import { Stage } from './stage.ts';

/* The headers by which a channel that moves is compared: those of the MIME, as an import reads them. */

const NEVER = new AbortController().signal;
let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open();
});
afterAll(() => stage.close());

it('reads the headers of messages of any size, ten a request, and leaves out those that cannot be read', async () => {
  const email = `ana.${randomBytes(4).toString('hex')}@contoso.example`;
  const password = secret('exchange-password');
  await stage.control('PUT', `/accounts/exchange/${email}`, { password });
  const account = stage.accountAt('exchange', email);
  const small = await account.deliver(12);
  const large = await account.deliver(2, { size: 3_000_000 });
  const refused = await account.deliver(1);
  await account.fault('conversion_failed', { message: refused[0]?.provider_id });

  const session = await stage.providerOf('exchange').openSession(stage.exchangeAccess(email, password), NEVER);
  const [inbox] = await session.parts();
  const items = [...large, ...small, ...refused, { provider_id: 'AAMkAGgone' }].map(({ provider_id }) => ({
    providerId: provider_id,
    generation: '',
  }));
  const headers = (await session.readHeaders?.(inbox!, items)) ?? [];
  // The connection that a large message was left on is not used again.
  expect(await session.verify()).toContain(email);
  await session.close();
  const read = await Promise.all(headers.map((one) => readMessageHeaders(one)));
  const ids = [...small, ...large].map(({ message_id }) => message_id);
  expect(read.map(({ messageId }) => messageId ?? '').toSorted()).toEqual(ids.toSorted());
  expect(read.every(({ date, sender, identity }) => date !== null && sender !== null && identity !== null)).toBe(true);
  for (const one of headers) expect(one.byteLength).toBeLessThanOrEqual(16 * 1024);
});
