/*
 * ews-javascript-api reads the sandbox's Exchange, by NTLM and by Basic:
 *
 *     npm install --prefix FOLDER ews-javascript-api@0.15.3
 *     NODE_EXTRA_CA_CERTS=CA_FILE node test/sandbox/exchange-readers.mjs .mooring/sandbox/sandbox.json FOLDER
 *
 * CA_FILE is `ca_file` of `exchange` in sandbox.json.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';

const [sandboxFile = '', folder = ''] = process.argv.slice(2);
const { control, exchange } = JSON.parse(readFileSync(sandboxFile, 'utf8'));
const load = createRequire(join(resolve(folder), 'package.json'));
const ews = load('ews-javascript-api');
const { XhrApi } = load('@ewsjs/xhr');

const EMAIL = 'reader-js@example.com';
const PASSWORD = 'correct horse';
const COUNT = 30;

async function ask(method, path, body) {
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`${control}/control${path}`, { method, headers, body: body && JSON.stringify(body) });
  assert.ok(answer.ok, `${method} ${path}: ${answer.status}`);
  return answer.json();
}

function open(scheme, user, password = PASSWORD) {
  const xhr = new XhrApi({});
  if (scheme === 'NTLM') xhr.useNtlmAuthentication(user, password);
  ews.ConfigurationApi.ConfigureXHR(xhr);
  const service = new ews.ExchangeService(ews.ExchangeVersion.Exchange2013_SP1);
  service.Credentials = new ews.WebCredentials(user, password);
  service.Url = new ews.Uri(exchange.url);
  return service;
}

async function read(scheme, user, delivered) {
  const service = open(scheme, user);
  const inbox = new ews.FolderId(ews.WellKnownFolderName.Inbox);
  const found = await service.FindItems(inbox, new ews.ItemView(100));
  const ids = found.Items.map((item) => item.InternetMessageId);
  assert.deepEqual(ids.toSorted(), delivered);
  const page = await service.SyncFolderItems(
    inbox,
    ews.PropertySet.IdOnly,
    [],
    512,
    ews.SyncFolderItemsScope.NormalItems,
    null,
  );
  assert.equal(page.Count, COUNT);
  const hierarchy = await service.SyncFolderHierarchy(ews.PropertySet.FirstClassProperties, null);
  assert.ok(hierarchy.GetEnumerator().some((change) => change.Folder.DisplayName === 'Inbox'));
  const shape = new ews.PropertySet(ews.BasePropertySet.IdOnly, [ews.ItemSchema.MimeContent]);
  const item = await ews.EmailMessage.Bind(service, found.Items[0].Id, shape);
  assert.match(Buffer.from(item.MimeContent.Content, 'base64').toString(), /^Message-ID: </im);
  const { data: logins } = await ask('GET', `/requests?provider=exchange&kind=login&email=${EMAIL}`);
  assert.equal(logins.at(-1).operation, scheme);
  console.log(`${scheme} as ${user}: ${ids.length} messages`);
}

await ask('PUT', `/accounts/exchange/${EMAIL}`, { password: PASSWORD });
const { messages: held } = await ask('GET', `/accounts/exchange/${EMAIL}/messages`);
if (held.length < COUNT) await ask('POST', `/accounts/exchange/${EMAIL}/messages`, { count: COUNT - held.length });
const { messages } = await ask('GET', `/accounts/exchange/${EMAIL}/messages`);
const delivered = messages.map(({ message_id: id }) => id).toSorted();
await read('NTLM', 'EXAMPLE\\reader-js', delivered);
await read('NTLM', EMAIL, delivered);
await read('Basic', EMAIL, delivered);
for (const scheme of ['NTLM', 'Basic']) {
  const refused = open(scheme, EMAIL, 'wrong').FindItems(
    new ews.FolderId(ews.WellKnownFolderName.Inbox),
    new ews.ItemView(1),
  );
  await assert.rejects(refused, `a wrong password is let in by ${scheme}`);
}
console.log('a wrong password is refused');
