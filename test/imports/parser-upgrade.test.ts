import { eq, sql } from 'drizzle-orm';
import connect from 'postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ContentSweeper } from '../../background/retention.ts';
import { listQuarantine } from '../../db/imports/quarantine.ts';
import { importItems } from '../../db/schema/imports.ts';
import { messageParts } from '../../db/schema/messages.ts';
import { PARSER_VERSION } from '../../imports/fetching/headers.ts';
import { channelOf, connectImap } from '../support/connect.ts';
import { secret } from '../support/minting.ts';
import { idsOf, importing, messageIds, TENANT } from './importing.ts';
import { heldBy, raiseScene } from './scene.ts';
import type { Scene } from './scene.ts';

/* What a parser makes of a message, PostgreSQL does not take; a newer parser makes something else of it. */

const PASSWORD = secret('password');
const EMAIL = 'upgraded@example.com';
const HOUR_MS = 3_600_000;

let scene: Scene;
let owner: ReturnType<typeof connect>;
beforeAll(async () => {
  scene = await raiseScene();
  owner = connect(scene.databaseUrl, { max: 1, onnotice: () => {} });
});
afterAll(async () => {
  await owner.end();
  await scene.close();
});

const breakParserOn = (messageId: string) =>
  owner.unsafe(`
    create function refuse_mail() returns trigger language plpgsql as $$ begin
      if new.message_id = '${messageId}' then raise exception using errcode = '22P05'; end if;
      return new;
    end $$;
    create trigger refuses_mail before insert on messages for each row execute function refuse_mail()`);

const quarantine = (channelId: string) =>
  scene.context.database.inTenant(TENANT, (tx) => listQuarantine(tx, { channelId, after: null, limit: 9 }));

/** Slices and the waits between them, until the import has ended; a failed one is repeated as Temporal does. */
async function toTheEnd(channelId: string, importId: string): Promise<void> {
  const { slice } = importing(scene.context);
  for (let slices = 1; slices <= 20; slices++) {
    const answer = await slice(channelId, importId, slices).catch(() => null);
    if (answer?.done) return;
    await scene.pass((answer?.waitMs ?? 0) + 5_000);
  }
  throw new Error('20 slices, and the import is not done');
}

/** A poll, and the import that it leaves. */
async function pollToTheEnd(channelId: string): Promise<void> {
  const { importId } = await importing(scene.context).poll(channelId);
  if (importId) await toTheEnd(channelId, importId);
  const open = (await importing(scene.context).imports(channelId)).filter(({ replaying }) => replaying);
  for (const { id } of open) await toTheEnd(channelId, id);
}

test('a message that an older parser could not read is parsed from its stored content, without a request', async () => {
  await scene.sandbox.account('imap', EMAIL, { password: PASSWORD });
  const channelId = channelOf(await connectImap(scene, EMAIL, PASSWORD));
  const delivered = await scene.sandbox.deliver('imap', EMAIL, 3, { size: 600_000 });
  const [odd] = delivered;
  const { queue, stored, receipt } = importing(scene.context);
  await breakParserOn(odd?.message_id ?? '');
  const importId = await queue(channelId, { cause: 'reauthorized' });
  await toTheEnd(channelId, importId);
  expect(await quarantine(channelId)).toMatchObject([{ reason: 'unparseable', tries: 3, replaying: false }]);
  expect(await stored(channelId)).toHaveLength(2);

  // The provider has it no more, and the sweep leaves it alone.
  for (const { provider_id: id } of await heldBy(scene, 'imap', EMAIL)) {
    if (id === odd?.provider_id) {
      await scene.sandbox.call('DELETE', `/control/accounts/imap/${EMAIL}/messages/${encodeURIComponent(id)}`);
    }
  }
  expect(await heldBy(scene, 'imap', EMAIL)).toHaveLength(2);
  const sweeper = new ContentSweeper(scene.context);
  for (const nowMs of [0, 2 * HOUR_MS]) await sweeper.sweep(nowMs);

  // The same parser has nothing new to say of it, however much time passes.
  await scene.pass(3 * 24 * HOUR_MS);
  await pollToTheEnd(channelId);
  expect(await quarantine(channelId)).toMatchObject([{ reason: 'unparseable', tries: 3, replaying: false }]);

  // What the release before has left: its parser's version.
  await owner`update import_items set parser_version = ${PARSER_VERSION - 1} where skip_reason = 'unparseable'`;
  await pollToTheEnd(channelId);
  expect(await quarantine(channelId), 'the newer parser breaks as well').toMatchObject([
    { tries: 3, replaying: false },
  ]);
  await pollToTheEnd(channelId);

  await owner.unsafe('drop trigger refuses_mail on messages');
  await owner`update import_items set parser_version = ${PARSER_VERSION - 1} where skip_reason = 'unparseable'`;
  await pollToTheEnd(channelId);
  expect(await quarantine(channelId)).toEqual([]);
  const rows = await stored(channelId);
  expect(idsOf(rows)).toEqual(messageIds(delivered));
  expect(await receipt(importId)).toMatchObject({ found: 3, imported: 3, missing: 0, skipped: [] });
  const [late, ...others] = [...rows].sort((one) => (one.messageId === odd?.message_id ? -1 : 1));
  expect(others.map(({ folder }) => folder)).toEqual([late?.folder, late?.folder]);
  const { parts, size } = await contentOf(late?.contentId ?? '');
  expect([parts, size]).toEqual([3, late?.size]);

  // Nothing is held any more; the sweep deletes the copy.
  const held = await scene.context.database.inTenant(TENANT, (tx) =>
    tx
      .select({ id: importItems.heldContentId })
      .from(importItems)
      .where(sql`${importItems.heldContentId} is not null`),
  );
  expect(held).toEqual([]);
  for (const nowMs of [3 * HOUR_MS, 5 * HOUR_MS]) await sweeper.sweep(nowMs);
  expect(await countContents()).toBe(3);
});

async function contentOf(contentId: string): Promise<{ parts: number; size: number }> {
  const rows = await scene.context.database.inTenant(TENANT, (tx) =>
    tx.select().from(messageParts).where(eq(messageParts.contentId, contentId)),
  );
  const opened = await Promise.all(
    rows.map(({ jwe, part }) =>
      scene.context.vault.decrypt(jwe, { tenant: TENANT, owner: contentId, kind: 'message_part', version: part }),
    ),
  );
  return { parts: rows.length, size: opened.reduce((sum, { byteLength }) => sum + byteLength, 0) };
}

async function countContents(): Promise<number> {
  const [row] = await owner<{ count: number }[]>`select count(distinct content_id)::int as count from message_parts`;
  return row?.count ?? 0;
}
