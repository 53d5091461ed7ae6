import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkChannel } from '../../credentials/check.ts';
import { findCredential } from '../../db/credentials/credentials.ts';
import type { OAuthAdapter } from '../../providers/contract.ts';
import type { Providers } from '../../providers/registry.ts';
import { channelOf, connectMicrosoft } from '../support/connect.ts';
import { raiseStage } from '../support/stage.ts';
import type { Stage } from '../support/stage.ts';

const TENANT = 'acme';
const EMAIL = 'challenged@contoso.example';
/** A client that says so gets tokens that end with a challenge (continuous access evaluation). */
const CAPABLE = JSON.stringify({ access_token: { xms_cc: { values: ['cp1'] } } });

let stage: Stage;
beforeAll(async () => {
  stage = await raiseStage();
}, 60_000);
afterAll(() => stage?.close());

/** The real adapters; the claims of each refresh are noted on their way. */
function notingClaims(providers: Providers, asked: (string | undefined)[]): Providers {
  const noting = (oauth: OAuthAdapter): OAuthAdapter => ({
    ...oauth,
    refreshRequest(grant, signal, beforeWriting) {
      asked.push(grant.claims);
      return oauth.refreshRequest(grant, signal, beforeWriting);
    },
  });
  return new Map(
    [...providers].map(([type, provider]) => [
      type,
      { ...provider, signIn: { ...provider.signIn, oauth: provider.signIn.oauth.map(noting) } },
    ]),
  );
}

test('a claims challenge of Graph is answered by the next refresh, and asks no person', async () => {
  await stage.sandbox.account('microsoft', EMAIL);
  const channelId = channelOf(await connectMicrosoft(stage, EMAIL, { claims: CAPABLE }));
  const credential = () => stage.context.database.inTenant(TENANT, (tx) => findCredential(tx, channelId));
  await new Promise((resolve) => setTimeout(resolve, 1_100)); // tokens and challenges are dated in whole seconds
  await stage.sandbox.fault('microsoft', EMAIL, 'claims_challenged');
  const asked: (string | undefined)[] = [];
  const context = { ...stage.context, providers: notingClaims(stage.context.providers, asked) };
  expect(await checkChannel(context, { tenantId: TENANT, channelId })).toMatchObject({ ok: true });
  expect(asked).toEqual([expect.stringContaining('nbf')]);
  expect(await credential()).toMatchObject({ version: 2, claims: null });
});
