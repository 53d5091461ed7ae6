import { dirname } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { verdict } from '../../domain/verdict-builders.ts';
import { ProviderError } from '../../domain/verdict.ts';
import { raiseApi } from '../api/raise-api.ts';
import type { RaisedApi } from '../api/raise-api.ts';
import { importing, messageIds, withSessions } from '../imports/importing.ts';
import { holdTransaction } from '../support/held-transaction.ts';
import { WrittenImap } from '../support/written-imap.ts';
import { changing } from './changing.ts';

/*
 * The places at which messages are stored, at a change of access: none is written, however many there are, and no message of the
 * new access is taken for another one that has the same id by chance.
 */

let raised: RaisedApi;
let stage: RaisedApi['stage'];
let at: ReturnType<typeof changing>;
const servers: WrittenImap[] = [];

beforeAll(async () => {
  raised = await raiseApi();
  ({ stage } = raised);
  at = changing(raised);
  for (let server = 0; server < 2; server++) servers.push(await WrittenImap.start(dirname(stage.imap.ca_file)));
}, 60_000);
afterAll(async () => {
  for (const server of servers) await server.stop();
  await raised?.close();
});

const PLACES = 20_000;

test('a change waits for none of 20,000 stored places, and the mail that is there is known again', async () => {
  const email = 'many-places@example.com';
  const channelId = await at.connect('imap', email);
  const own = await stage.sandbox.deliver('imap', email, 6);
  await importing(stage.context).settle(channelId);
  await raised.sql`
    insert into message_locations (channel_id, scope, generation, provider_id, tenant_id, message_id)
    select ${channelId}, 'Old', '1', n::text, 'acme', 'msg_old' || n from generate_series(1, ${PLACES}) n`;
  await at.account('gmail', email);
  await at.copy('imap', 'gmail', email);
  const release = await holdTransaction(
    raised.sql,
    (tx) => tx`select from message_locations where channel_id = ${channelId} for update`,
  );
  try {
    expect((await at.change(channelId, 'gmail', email)).code).toBeNull();
  } finally {
    await release();
  }
  const { finish } = importing(stage.context);
  expect(await finish(channelId, await at.runningImport(channelId))).toMatchObject({
    state: 'completed',
    counts: { imported: 0, missing: 0 },
  });
  expect(await at.stored(channelId)).toEqual(messageIds(own));
});

const serverOf = ({ host, port }: WrittenImap) => ({ host, port, security: 'tls' });

/** Sessions that give no message of one folder. */
const withholding = (folder: string) =>
  importing(
    withSessions(stage.context, (session) => ({
      ...session,
      fetchMessages(scope, items) {
        if (scope.name === folder) throw new ProviderError('away', verdict('transient', 'provider_unavailable'));
        return session.fetchMessages(scope, items);
      },
    })),
  );

test('rule 10: an import that the change takes over brings mail that has the ids of mail it has imported', async () => {
  const email = 'same-ids@example.com';
  const [old, next] = servers as [WrittenImap, WrittenImap];
  for (const folder of ['INBOX', 'Second']) old.folder(folder);
  const link = await raised.links.makeLink({ tenant: 'acme', access_types: ['imap'] });
  expect((await at.signIn(link.path, 'imap', email, { server: serverOf(old) })).code).toBeNull();
  const channelId = (await raised.links.resultOf(link.id)).channel as string;
  const imported = old.deliver('INBOX', 3);
  old.deliver('Second', 1);
  const { queue, finish } = importing(stage.context);
  const importId = await queue(channelId, { cause: 'reauthorized' });
  await withholding('Second').slice(channelId, importId);
  expect(await at.stored(channelId)).toEqual(imported.toSorted());

  const since = next.deliver('INBOX', 4);
  const moving = await raised.links.reauthorizeLink(channelId, { allow_server_change: true, attested: true });
  expect((await at.signIn(moving.path, 'imap', email, { server: serverOf(next) })).code).toBeNull();
  expect(await at.runningImport(channelId)).toBe(importId);
  expect(await finish(channelId, importId)).toMatchObject({ state: 'completed', counts: { missing: 0 } });
  expect(await at.stored(channelId)).toEqual([...imported, ...since].toSorted());
});
