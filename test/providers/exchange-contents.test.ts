import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readMessageHeaders } from '../../imports/fetching/headers.ts';
import { secret } from '../support/minting.ts';
import { Stage } from './stage.ts';

/* What GetItem gives of items: the headers by which a channel that moves is compared, and items without content. */

const NEVER = new AbortController().signal;
let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open();
});
afterAll(() => stage.close());

async function createAccount() {
  const email = `ana.${randomBytes(4).toString('hex')}@contoso.example`;
  const password = secret('exchange-password');
  await stage.control('PUT', `/accounts/exchange/${email}`, { password });
  const open = () => stage.providerOf('exchange').openSession(stage.exchangeAccess(email, password), NEVER);
  return { email, open, ...stage.accountAt('exchange', email) };
}
const itemOf = ({ provider_id: providerId }: { provider_id: string }) => ({ providerId, generation: '' });

it('reads the headers of messages of any size, ten a request, and leaves out those that cannot be read', async () => {
  const account = await createAccount();
  const small = await account.deliver(12);
  const large = await account.deliver(2, { size: 3_000_000 });
  const refused = await account.deliver(1);
  await account.fault('conversion_failed', { message: refused[0]?.provider_id });

  const session = await account.open();
  const [inbox] = await session.parts();
  const items = [...large, ...small, ...refused, { provider_id: 'AAMkAGgone' }].map(itemOf);
  const headers = (await session.readHeaders?.(inbox!, items)) ?? [];
  // The connection that a large message was left on is not used again.
  expect(await session.verify()).toContain(account.email);
  await session.close();
  const read = await Promise.all(headers.map((one) => readMessageHeaders(one)));
  const ids = [...small, ...large].map(({ message_id }) => message_id);
  expect(read.map(({ messageId }) => messageId ?? '').toSorted()).toEqual(ids.toSorted());
  expect(read.every(({ date, sender, identity }) => date !== null && sender !== null && identity !== null)).toBe(true);
  for (const one of headers) expect(one.byteLength).toBeLessThanOrEqual(16 * 1024);
});

it('takes an item without content for one that failed, of any size, and goes on with the others', async () => {
  const account = await createAccount();
  const small = await account.deliver(3);
  const large = await account.deliver(2, { size: 3_000_000 });
  const without = [small[1]!, large[0]!];
  for (const { provider_id } of without) await account.fault('content_missing', { message: provider_id });
  const session = await account.open();
  const [inbox] = await session.parts();
  const fetched = new Map<string, string>();
  for await (const one of session.fetchMessages(inbox!, [...small, ...large].map(itemOf))) {
    fetched.set(one.item.providerId, one.outcome);
    if (one.outcome === 'message') for await (const _ of one.raw);
  }
  await session.close();
  const outcomeOf = ({ provider_id }: { provider_id: string }) => fetched.get(provider_id);
  expect(without.map(outcomeOf)).toEqual(['failed', 'failed']);
  const others = [...small, ...large].filter((one) => !without.includes(one));
  expect(others.map(outcomeOf)).toEqual(['message', 'message', 'message']);
});
