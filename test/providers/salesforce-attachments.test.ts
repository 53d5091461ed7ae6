import { randomBytes } from 'node:crypto';
import PostalMime from 'postal-mime';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ProviderError } from '../../domain/verdict.ts';
import type { FetchedMessage } from '../../providers/contract.ts';
import { failureOf } from './contract.ts';
import { Stage } from './stage.ts';

/* A mail of Salesforce with its files: classic attachments, and documents that are linked to it. */
const NEVER = new AbortController().signal;
const MAILS = { scope: 'EmailMessage', name: 'EmailMessage' };
let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open();
});
afterAll(async () => {
  await stage.close();
});

async function signIn() {
  const email = `ana.${randomBytes(4).toString('hex')}@acme.example`;
  await stage.control('PUT', `/accounts/salesforce/${email}`, {});
  const { accessToken, context } = await stage.signIn('salesforce', email);
  const session = await stage
    .providerOf('salesforce')
    .openSession({ kind: 'token', mailbox: null, context, accessToken }, NEVER);
  const create = async (object: string, body: object): Promise<string> => {
    const answer = await fetch(`${context['instance_url']}/services/data/v62.0/sobjects/${object}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${accessToken.reveal()}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return ((await answer.json()) as { id: string }).id;
  };
  const raw = async (id: string): Promise<Buffer> => {
    const parts: Uint8Array[] = [];
    for await (const mail of session.fetchMessages(MAILS, [{ providerId: id, generation: '' }])) {
      if (mail.outcome !== 'message') throw new Error(mail.outcome);
      for await (const part of mail.raw) parts.push(part);
    }
    return Buffer.concat(parts);
  };
  const list = async (ids: string[]) => {
    const fetched: FetchedMessage[] = [];
    const items = ids.map((providerId) => ({ providerId, generation: '' }));
    for await (const mail of session.fetchMessages(MAILS, items)) fetched.push(mail);
    return fetched;
  };
  return { email, create, raw, list, ...stage.accountAt('salesforce', email) };
}

it('is composed with each of them, the same octets at each read', async () => {
  const { deliver, create, raw } = await signIn();
  const [mail] = await deliver(1);
  const [picture, large] = [randomBytes(3_000), randomBytes(3 * 1024 * 1024)];
  await create('Attachment', {
    ParentId: mail!.provider_id,
    Name: 'Größe.png',
    ContentType: 'image/png',
    Body: picture.toString('base64'),
  });
  await create('ContentVersion', {
    FirstPublishLocationId: mail!.provider_id,
    PathOnClient: 'offer.pdf',
    VersionData: large.toString('base64'),
  });
  const bytes = await raw(mail!.provider_id);
  const { attachments, messageId } = await PostalMime.parse(bytes);
  expect(messageId).toBe(mail!.message_id);
  const found = attachments.map(({ filename, mimeType, content }) => [
    filename,
    mimeType,
    Buffer.from(content as ArrayBuffer),
  ]);
  expect(found.map(([name, type]) => [name, type])).toEqual([
    ['Größe.png', 'image/png'],
    ['offer.pdf', 'application/pdf'],
  ]);
  expect(found.map(([, , content]) => content)).toEqual([picture, large]);
  expect((await raw(mail!.provider_id)).equals(bytes)).toBe(true);
});

it('asks for no file of a mail without any', async () => {
  const { email, deliver, raw } = await signIn();
  const [mail] = await deliver(1);
  const before = await requests(email);
  expect((await PostalMime.parse(await raw(mail!.provider_id))).attachments).toEqual([]);
  expect((await requests(email)) - before).toBe(2);
});

it('leaves out a file whose bytes the login may not read, and is read with the others', async () => {
  const { deliver, create, raw, fault } = await signIn();
  const [mail] = await deliver(1);
  const ids: string[] = [];
  for (const Name of ['a.txt', 'b.txt', 'c.txt']) {
    ids.push(await create('Attachment', { ParentId: mail!.provider_id, Name, Body: 'AAAA' }));
  }
  await fault('bytes_refused', { message: ids[1] });
  const bytes = await raw(mail!.provider_id);
  const { attachments, text } = await PostalMime.parse(bytes);
  // A boundary stands before each of three parts and once at the end.
  expect(bytes.toString().match(/^--.+$/gm)).toHaveLength(4);
  expect(new Set(attachments.map(({ filename }) => filename))).toEqual(new Set(['a.txt', 'c.txt']));
  expect(text).not.toBe('');
});

it('is fetched later where Salesforce has dropped the rest of the list of its files', async () => {
  const { deliver, create, raw, fault } = await signIn();
  const [mail] = await deliver(1);
  for (let at = 0; at < 4; at++) await create('Attachment', { ParentId: mail!.provider_id, Name: 'a', Body: 'AAAA' });
  await fault('pages_short');
  expect((await PostalMime.parse(await raw(mail!.provider_id))).attachments).toHaveLength(4);
  await fault('locators_lost');
  const { verdict } = await failureOf(raw(mail!.provider_id));
  expect(verdict).toMatchObject({ kind: 'transient', providerCode: 'INVALID_QUERY_LOCATOR' });
});

it('is fetched with others whose files are too many for one query', async () => {
  const { deliver, create, list } = await signIn();
  const mails = await deliver(15);
  for (const { provider_id: mail } of mails) {
    const file = { FirstPublishLocationId: mail, PathOnClient: 'a.txt', VersionData: 'A'.repeat(400) };
    await Promise.all(Array.from({ length: 40 }, () => create('ContentVersion', file)));
  }
  const fetched = await list(mails.map(({ provider_id: id }) => id));
  for (const mail of fetched) expect(mail.outcome === 'message' && mail.sizeEstimate).toBeGreaterThan(40 * 300);
});

it('keeps the name of a file alone where Salesforce has the path that a browser sent', async () => {
  const { deliver, create, raw } = await signIn();
  const [mail] = await deliver(1);
  for (const PathOnClient of ['C:\\fakepath\\offer.pdf', '/home/ana/plan.pdf']) {
    await create('ContentVersion', { FirstPublishLocationId: mail!.provider_id, PathOnClient, VersionData: 'AAAA' });
  }
  const { attachments } = await PostalMime.parse(await raw(mail!.provider_id));
  expect(new Set(attachments.map(({ filename }) => filename))).toEqual(new Set(['offer.pdf', 'plan.pdf']));
});

it('fails whole where a file cannot be read to its end', async () => {
  const { deliver, create, raw, fault } = await signIn();
  const [mail] = await deliver(1);
  const file = { ParentId: mail!.provider_id, Name: 'a.bin', Body: 'AAAA' };
  const ids = [await create('Attachment', file), await create('Attachment', file)];
  await fault('unavailable', { message: ids.toSorted((a, b) => (a < b ? -1 : 1))[1] });
  await expect(raw(mail!.provider_id)).rejects.toBeInstanceOf(ProviderError);
});

it('counts its requests against what an organization has left', async () => {
  const { deliver, create, raw, fault, list } = await signIn();
  const [mail] = await deliver(1);
  const id = await create('Attachment', { ParentId: mail!.provider_id, Name: 'a.bin', Body: 'AAAA' });
  await fault('requests_nearly_spent', { message: id });
  await raw(mail!.provider_id);
  const { verdict } = await failureOf(list([mail!.provider_id]));
  expect(verdict).toMatchObject({ kind: 'rate_limited', providerCode: 'daily_requests_nearly_spent' });
});

const requests = async (email: string): Promise<number> => {
  const { data } = await stage.control<{ data: unknown[] }>(
    'GET',
    `/requests?provider=salesforce&kind=api&email=${email}`,
  );
  return data.length;
};
