import { eq } from 'drizzle-orm';
import { describe, expect, test } from 'vitest';
import { readAccessToken } from '../../db/credentials/token-reads.ts';
import { credentials, tokenReads } from '../../db/schema/credentials.ts';
import { databaseAs } from '../support/logins.ts';
import { setScene, TENANT } from './scene.ts';

const scene = setScene();
const HOUR_S = 3_600;
const NOW = new Date('2030-01-01T12:00:00.000Z');

interface Place {
  lifeS?: number;
  /** Seconds of its life that are left. */
  leftS: number;
  minLifeS?: number;
}

const after = (seconds: number) => new Date(NOW.getTime() + Math.round(seconds * 1000));

async function put(channelId: string, values: Partial<typeof credentials.$inferInsert>): Promise<void> {
  const { database } = scene.stage.context;
  await database.inTenant(TENANT, (tx) =>
    tx.update(credentials).set(values).where(eq(credentials.channelId, channelId)),
  );
}

function ask(channelId: string, wanted: 'fresh' | 'least', minLifeS?: number) {
  const minLifeMs = minLifeS === undefined ? null : minLifeS * 1000;
  const question = { channelId, tenantId: TENANT, apiKeyId: 'key_test', now: NOW, minLifeMs };
  return readAccessToken(databaseAs('server', scene.stage.context.database), question, wanted);
}

/** What a first read and a read after a wait are given. */
async function givenAt(channelId: string, { lifeS = HOUR_S, leftS, minLifeS }: Place) {
  await put(channelId, { issuedAt: after(leftS - lifeS), expiresAt: after(leftS), accessTokenRefusedAt: null });
  const [first, waited] = [await ask(channelId, 'fresh', minLifeS), await ask(channelId, 'least', minLifeS)];
  expect(first?.accessTokenJwe === null).toBe(first?.served === null);
  expect(waited?.accessTokenJwe === null).toBe(waited?.served === null);
  return [first?.served, waited?.served];
}

describe('how much life a token must have left', () => {
  test.for<{ what: string; place: Place; given: [string | null, string | null] }>([
    { what: 'more than 60 s', place: { leftS: 60.5 }, given: ['fresh', 'fresh'] },
    { what: '60 s', place: { leftS: 60 }, given: [null, 'least'] },
    { what: '5 s', place: { leftS: 5 }, given: [null, 'least'] },
    { what: 'less than 5 s', place: { leftS: 4.9 }, given: [null, null] },
    { what: 'nothing', place: { leftS: 0 }, given: [null, null] },
    { what: 'more than a fifth of a short life', place: { lifeS: 60, leftS: 12.1 }, given: ['fresh', 'fresh'] },
    { what: 'a fifth of a short life', place: { lifeS: 60, leftS: 12 }, given: [null, 'least'] },
    { what: 'a twentieth of a short life', place: { lifeS: 60, leftS: 3 }, given: [null, 'least'] },
    { what: 'less than a twentieth', place: { lifeS: 60, leftS: 2.9 }, given: [null, null] },
    { what: 'more than was asked for', place: { leftS: 901, minLifeS: 900 }, given: ['fresh', 'fresh'] },
    { what: 'as much as was asked for', place: { leftS: 900, minLifeS: 900 }, given: [null, 'least'] },
    { what: 'half a life, asked for more', place: { leftS: 1_801, minLifeS: 86_400 }, given: ['fresh', 'fresh'] },
    { what: 'less than half, asked for more', place: { leftS: 1_800, minLifeS: 86_400 }, given: [null, 'least'] },
    { what: 'too little, asked for more', place: { leftS: 4.9, minLifeS: 900 }, given: [null, null] },
    { what: 'little, asked for less', place: { leftS: 2, minLifeS: 1 }, given: ['fresh', 'fresh'] },
    { what: 'a moment, asked for none', place: { leftS: 0.1, minLifeS: 0 }, given: ['fresh', 'fresh'] },
  ])('$what', async ({ what, place, given }) => {
    const channelId = await scene.connect(`${what.replaceAll(/\W+/g, '-')}@example.com`);
    expect(await givenAt(channelId, place)).toEqual(given);
    const audited = await scene.stage.context.database.acrossTenants((tx) =>
      tx.select().from(tokenReads).where(eq(tokenReads.channelId, channelId)),
    );
    expect(audited).toHaveLength(given.filter((served) => served !== null).length);
  });

  test('rule 6: a token that was refused, or whose channel is gone, is never served', async () => {
    const channelId = await scene.connect('refused-read@example.com');
    await put(channelId, { issuedAt: after(-60), expiresAt: after(HOUR_S), accessTokenRefusedAt: NOW });
    expect(await ask(channelId, 'least', 0)).toMatchObject({ served: null, accessTokenJwe: null, refused: true });
    expect(await ask('chn_none', 'least', 0)).toBeNull();
  });
});
