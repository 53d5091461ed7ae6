import { afterAll, beforeAll, expect, test } from 'vitest';
import { raiseApi } from '../api/raise-api.ts';
import type { RaisedApi } from '../api/raise-api.ts';
import { importing, messageIds } from '../imports/importing.ts';
import { changing } from './changing.ts';

/*
 * Any administrator at Microsoft may give a login any address of the world (nOAuth). Such an address moves no channel; the
 * channel's mail does, where it is there, and so does an address in a domain that the organization has proved.
 */

let raised: RaisedApi;
let at: ReturnType<typeof changing>;

beforeAll(async () => {
  raised = await raiseApi();
  at = changing(raised);
}, 60_000);
afterAll(() => raised?.close());

const STRANGE = { tenant: 'evil.example', upn: 'mallory@evil.example' };
const EMPTY: { reencode?: boolean } | null = null;

test.each([
  ['an address alone', STRANGE, EMPTY, 25, 'account_mismatch'],
  ['an address alone, with too little mail to compare', STRANGE, EMPTY, 3, 'attestation_required'],
  ['an address, and the mail made anew', STRANGE, { reencode: true }, 25, null],
  ['an address in a domain that is proved', { ...STRANGE, edov: true }, EMPTY, 25, null],
  ['an address in a domain that is not proved', { ...STRANGE, edov: false }, EMPTY, 25, 'account_mismatch'],
  ['the name that signs in', {}, EMPTY, 25, null],
])('rule 7: at Microsoft, %s', async (what, details, copied, count, code) => {
  const email = `unvouched-${what.replaceAll(/\W+/g, '-')}@example.com`;
  const { stage } = raised;
  const channelId = await at.connect('imap', email);
  const own = await stage.sandbox.deliver('imap', email, count);
  await importing(stage.context).settle(channelId);
  const before = await at.show(channelId);
  await stage.sandbox.account('microsoft', email, details);
  if (copied) await at.copy('imap', 'microsoft', email, copied);

  const changed = await at.change(channelId, 'microsoft', email);
  expect(changed.code).toBe(code);
  const after = await at.show(channelId);
  expect(after.account.email).toBe(email);
  expect(after.access_type).toBe(code === null ? 'microsoft' : 'imap');
  expect(after.credential_version).toBe(before.credential_version + (code === null ? 1 : 0));
  // A refusal says nothing of what was found.
  const told = JSON.stringify(await raised.links.resultOf(changed.link.id));
  if (code !== null) for (const id of messageIds(own)) expect(told).not.toContain(id);
  expect(await at.stored(channelId)).toEqual(messageIds(own));
});
