import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findCursor, insertCursors, moveCursor } from '../../db/imports/cursors.ts';
import { readReceipts, writeItems } from '../../db/imports/items.ts';
import type { NewImportItem } from '../../db/imports/items.ts';
import { insertImportScopes } from '../../db/imports/scopes.ts';
import { newId } from '../../db/ids.ts';
import { insertImport, updateImport } from '../../db/imports/imports.ts';
import { receiptOf, skippedCount } from '../../domain/receipt.ts';
import type { ReceiptGroup } from '../../domain/receipt.ts';
import { channelOf, connectGmail } from '../support/connect.ts';
import { raiseStage } from '../support/stage.ts';
import type { Stage } from '../support/stage.ts';
import { TENANT } from './importing.ts';

let stage: Stage;
let channelId: string;
beforeAll(async () => {
  stage = await raiseStage();
  channelId = channelOf(await connectGmail(stage, 'receipt@example.com'));
});
afterAll(() => stage.close());

const outcome = fc.constantFrom('imported', 'already_had', 'skipped', null);

test('receiptOf adds up for any groups', () => {
  const group: fc.Arbitrary<ReceiptGroup> = fc.record({
    outcome,
    skipReason: fc.constantFrom('gone', 'unfetchable', null),
    repaired: fc.boolean(),
    count: fc.nat(1000),
  });
  fc.assert(
    fc.property(fc.array(group), (groups) => {
      const receipt = receiptOf(groups);
      expect(receipt.found).toBe(receipt.imported + receipt.alreadyHad + skippedCount(receipt) + receipt.missing);
      expect(receipt.repaired).toBeLessThanOrEqual(receipt.imported);
    }),
  );
});

/** Ids of three folders, some of them places of the same message, written in any order and more than once. */
const writes = fc.array(
  fc.record({
    scope: fc.constantFrom('INBOX', 'Archive', 'Sent'),
    providerId: fc.integer({ min: 1, max: 6 }).map(String),
    outcome,
    message: fc.constantFrom('a', 'b', 'c'),
    repaired: fc.boolean(),
  }),
  { maxLength: 40 },
);

test('readReceipts: found = imported + already had + skipped + missing, each message once, a retry changes nothing', async () => {
  await fc.assert(
    fc.asyncProperty(writes, async (script) => {
      await stage.context.database.inTenant(TENANT, async (tx) => {
        const now = new Date();
        const importId = await insertImport(tx, {
          tenantId: TENANT,
          channelId,
          cause: 'requested',
          windowFrom: now,
          windowTo: now,
          movesCursor: false,
          backfill: false,
          now,
        });
        if (importId === null) throw new Error('the lane is taken');
        const shared = { importId, channelId, tenantId: TENANT };
        const scopes = ['INBOX', 'Archive', 'Sent'].map((scope) => ({
          ...shared,
          scope,
          listing: 'window' as const,
          state: 'listing' as const,
        }));
        await insertImportScopes(tx, scopes);
        const rows: NewImportItem[] = script.map(({ message, outcome, scope, providerId, repaired }) => ({
          ...shared,
          scope,
          generation: '1',
          providerId,
          outcome,
          repaired,
          skipReason: outcome === 'skipped' ? 'gone' : null,
          messageId: outcome === 'imported' || outcome === 'already_had' ? message : null,
          listedAt: now,
        }));
        for (const row of rows) await writeItems(tx, [row]);
        const receipt = (await readReceipts(tx, [importId])).get(importId);
        for (const row of rows) await writeItems(tx, [{ ...row, outcome: row.outcome ?? null }]);
        const again = (await readReceipts(tx, [importId])).get(importId);
        await updateImport(tx, importId, { state: 'cancelled' });
        if (!receipt || !again) throw new Error('no receipt');
        expect(receipt.found).toBe(receipt.imported + receipt.alreadyHad + skippedCount(receipt) + receipt.missing);
        expect(receipt.repaired).toBeLessThanOrEqual(receipt.imported);
        expect(again.found).toBeLessThanOrEqual(receipt.found);
        const final = new Map<string, string | null>();
        for (const { scope, providerId, outcome, messageId } of rows) {
          const key = `${scope} ${providerId}`;
          if ((final.get(key) ?? null) === null) final.set(key, outcome ? (messageId ?? key) : null);
        }
        const distinct = new Set([...final].map(([key, identity]) => identity ?? key));
        expect(receipt.found).toBe(distinct.size);
      });
    }),
    { numRuns: 60 },
  );
});

test('moveCursor: of many that replace the same value exactly one succeeds', async () => {
  const scope = newId('cnt');
  const { database } = stage.context;
  const now = new Date();
  await database.inTenant(TENANT, (tx) =>
    insertCursors(tx, { tenantId: TENANT, channelId, now }, [{ scope, name: null, cursor: '0' }]),
  );
  const moved = await Promise.all(
    Array.from({ length: 8 }, (_, index) =>
      database.inTenant(TENANT, (tx) =>
        moveCursor(tx, { channelId, scope, replaces: '0', cursor: `${index + 1}`, now }),
      ),
    ),
  );
  expect(moved.filter(Boolean)).toHaveLength(1);
  await database.inTenant(TENANT, (tx) =>
    insertCursors(tx, { tenantId: TENANT, channelId, now }, [{ scope, name: null, cursor: 'again' }]),
  );
  const cursor = await database.inTenant(TENANT, (tx) => findCursor(tx, channelId, scope));
  expect(cursor).toBe(`${moved.indexOf(true) + 1}`);
});
