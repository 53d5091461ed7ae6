/*
 * jsforce signs in at the sandbox's Salesforce, reads it, and refreshes with tokens that are good once.
 *
 *     npm install --prefix /tmp/readers jsforce@3.10.16
 *     node test/sandbox/salesforce-readers.mjs .mooring/sandbox/sandbox.json /tmp/readers
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const jsforce = createRequire(`${process.argv[3]}/`)('jsforce');
const { control: base, salesforce: at } = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const email = `jsforce-${Date.now()}@salesforce.example`;

async function control(method, path, body) {
  const answer = await fetch(`${base}/control${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  assert.ok(answer.ok, `${path}: ${answer.status}`);
  return answer.status === 204 ? null : answer.json();
}

await control('PUT', `/accounts/salesforce/${email}`, {});
await control('PUT', '/providers/salesforce', { token_life_s: 3600, refresh_rotation: 'strict' });
const oauth2 = new jsforce.OAuth2({
  loginUrl: at.login_url,
  clientId: at.client_id,
  clientSecret: at.client_secret,
  redirectUri: 'http://127.0.0.1:9/oauth/salesforce/callback',
  useVerifier: true,
});
const authorization_url = oauth2.getAuthorizationUrl({ scope: 'api refresh_token' });
const { redirect_to } = await control('POST', '/consent', { authorization_url, email });
const code = new URL(redirect_to).searchParams.get('code');

const connection = new jsforce.Connection({ oauth2, version: '62.0' });
const user = await connection.authorize(code);
assert.match(user.organizationId, /^00D/);
assert.equal((await connection.identity()).username, email);
console.log(`signed in with PKCE as ${user.id}`);

const { messages } = await control('POST', `/accounts/salesforce/${email}/messages`, { count: 2300 });
const soql = 'SELECT Id, Subject, MessageDate FROM EmailMessage ORDER BY SystemModstamp, Id';
const { records } = await connection.query(soql, { autoFetch: true, maxFetch: 10_000 });
assert.equal(new Set(records.map(({ Id }) => Id)).size, messages.length);
const now = Date.now();
const { ids } = await connection.sobject('EmailMessage').updated(new Date(now - 3_600_000), new Date(now + 120_000));
assert.equal(ids.length, messages.length);
console.log(`query, queryMore and updated: ${records.length} mails`);

const task = await connection.sobject('Task').create({ Subject: 'Call Ana' });
await connection.sobject('Task').update({ Id: task.id, Subject: 'Call Ana on Monday' });
assert.equal((await connection.sobject('Task').retrieve(task.id)).Subject, 'Call Ana on Monday');
await connection.sobject('Task').destroy(task.id);
console.log('records: created, changed, read, deleted');

const spent = connection.refreshToken;
const { refresh_token: next } = await oauth2.refreshToken(spent);
assert.notEqual(next, spent);
await assert.rejects(oauth2.refreshToken(spent), /expired access\/refresh token/);
await assert.rejects(oauth2.refreshToken(next), /expired access\/refresh token/);
console.log('a refresh token is good once, and its second use ends the grant');
