import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { Secret } from '../../domain/secret.ts';
import { createEgressGuard } from '../../net/egress.ts';
import type { Provider } from '../../providers/contract.ts';
import { createExchangeProvider } from '../../providers/exchange/adapter.ts';
import { loadServerCertificate } from '../../sandbox/certificate.ts';
import { secret } from '../support/minting.ts';

/* Streams at servers that the sandbox is none of: older ones, ones without streams, and folders that leave Deleted Items. */

const ROOM = { timeout: 30_000 };
const dir = mkdtempSync(join(tmpdir(), 'mooring-streams-'));
const server = createServer((request, response) => void serve(request, response));
/** Of the server, as its answers tell it. */
let minorVersion = 2;
/** The code of Subscribe's answer. */
let subscribed = 'NoError';
let streams: ServerResponse[] = [];
let subscriptions = 0;
let provider: Provider;
let url: string;
beforeAll(async () => {
  const { key, certificate, caFile } = await loadServerCertificate(dir);
  server.setSecureContext({ key, cert: certificate });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/EWS/Exchange.asmx`;
  const certificateAuthorities = readFileSync(caFile, 'utf8');
  provider = createExchangeProvider({ egress: createEgressGuard({ allow: ['127.0.0.1'] }), certificateAuthorities });
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
  rmSync(dir, { recursive: true, force: true });
});
beforeEach(() => {
  [minorVersion, subscribed, streams, subscriptions] = [2, 'NoError', [], 0];
});

const FOLDERS = [
  ['inbox-id', 'Inbox', 'root'],
  ['deleted-id', 'Deleted Items', 'root'],
  ['old-id', 'Old', 'deleted-id'],
] as const;
const KNOWN: Record<string, string> = { inbox: 'inbox-id', deleteditems: 'deleted-id' };

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await text(request);
  if (!request.headers.authorization?.startsWith('Basic')) {
    return void response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
  }
  const [, asked = ''] = /<m:(GetFolder|SyncFolderHierarchy|Subscribe|GetStreamingEvents)\b/.exec(body) ?? [];
  response.writeHead(200, { 'content-type': 'text/xml' });
  switch (asked) {
    case 'GetStreamingEvents':
      streams.push(response);
      return void response.write(envelope(asked, message(asked, '<m:ConnectionStatus>OK</m:ConnectionStatus>')));
    case 'Subscribe':
      subscriptions++;
      return void response.end(envelope(asked, message(asked, '<m:SubscriptionId>one</m:SubscriptionId>', subscribed)));
    case 'SyncFolderHierarchy': {
      const changes = FOLDERS.map(
        ([id, name, parent]) =>
          `<t:Create><t:Folder><t:FolderId Id="${id}"/><t:ParentFolderId Id="${parent}"/><t:FolderClass>IPF.Note</t:FolderClass><t:DisplayName>${name}</t:DisplayName></t:Folder></t:Create>`,
      );
      const content = `<m:SyncState>s</m:SyncState><m:IncludesLastFolderInRange>true</m:IncludesLastFolderInRange><m:Changes>${changes.join('')}</m:Changes>`;
      return void response.end(envelope(asked, message(asked, content)));
    }
    default: {
      const names = [...body.matchAll(/DistinguishedFolderId Id="(\w+)"/g)].map(([, name]) => KNOWN[name ?? '']);
      const found = names.map((id) =>
        id === undefined
          ? message('GetFolder', '', 'ErrorFolderNotFound')
          : message('GetFolder', `<m:Folders><t:Folder><t:FolderId Id="${id}"/></t:Folder></m:Folders>`),
      );
      response.end(envelope('GetFolder', found.join('')));
    }
  }
}

function message(operation: string, content: string, code = 'NoError'): string {
  const outcome = code === 'NoError' ? 'Success' : 'Error';
  return `<m:${operation}ResponseMessage ResponseClass="${outcome}"><m:ResponseCode>${code}</m:ResponseCode>${code === 'NoError' ? content : ''}</m:${operation}ResponseMessage>`;
}

const envelope = (operation: string, messages: string) =>
  `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:m="m" xmlns:t="t"><s:Header><t:ServerVersionInfo MajorVersion="15" MinorVersion="${minorVersion}"/></s:Header><s:Body><m:${operation}Response><m:ResponseMessages>${messages}</m:ResponseMessages></m:${operation}Response></s:Body></s:Envelope>`;

/** What the server tells over the last stream. */
const tell = (event: string) => {
  const content = `<m:Notifications><m:Notification>${event}</m:Notification></m:Notifications>`;
  streams.at(-1)?.write(envelope('GetStreamingEvents', message('GetStreamingEvents', content)));
};
const mailIn = (folder: string) =>
  `<t:NewMailEvent><t:ItemId Id="x"/><t:ParentFolderId Id="${folder}"/></t:NewMailEvent>`;

async function listening(username: string) {
  const ending = new AbortController();
  const access = {
    kind: 'password',
    server: { kind: 'ews', url },
    username,
    password: new Secret(secret('exchange-password')),
    email: username,
    mailbox: null,
    context: {},
  } as const;
  const session = await provider.openSession(access, ending.signal);
  const heard = { count: 0 };
  const ended = Promise.resolve(session.listen?.(() => void heard.count++, ending.signal)).catch(() => 'stopped');
  const stop = async () => {
    ending.abort('stopping');
    await session.close();
    await ended;
  };
  return { heard, ended, stop };
}

it.each([
  ['2013', 0, 3],
  ['2016 and later', 1, 10],
])('holds as many streams of a login as Exchange %s does, and asks for no more', async (_name, minor, most) => {
  minorVersion = minor;
  const login = `limit${minor}@contoso.example`;
  const held = [];
  for (let stream = 1; stream <= most; stream++) {
    held.push(await listening(login.toUpperCase()));
    await expect.poll(() => streams.length, ROOM).toBe(stream);
  }
  const beyond = await listening(login);
  expect(await beyond.ended).toBe('declined');
  expect(subscriptions).toBe(most);
  // Another login has its own.
  const other = await listening(`other-${login}`);
  await expect.poll(() => other.heard.count, ROOM).toBe(1);
  await held[0]?.stop();
  const next = await listening(login);
  await expect.poll(() => next.heard.count, ROOM).toBe(1);
  await Promise.all([...held.slice(1), other, next].map(({ stop }) => stop()));
});

it.each(['ErrorInvalidRequest', 'ErrorSubscriptionDelegateAccessNotSupported'])(
  'takes %s for a server without streams',
  async (code) => {
    subscribed = code;
    const { ended, heard } = await listening('none@contoso.example');
    expect(await ended).toBe('unsupported');
    expect(heard.count).toBe(0);
  },
);

it('takes every change for news once a folder has left one that is not imported', async () => {
  const { heard, stop } = await listening('left@contoso.example');
  await expect.poll(() => heard.count, ROOM).toBe(1);
  tell(mailIn('old-id'));
  tell(mailIn('inbox-id'));
  await expect.poll(() => heard.count, ROOM).toBe(2);
  tell(
    '<t:MovedEvent><t:FolderId Id="old-id"/><t:ParentFolderId Id="root"/><t:OldParentFolderId Id="deleted-id"/></t:MovedEvent>',
  );
  await expect.poll(() => heard.count, ROOM).toBe(3);
  tell(mailIn('old-id'));
  await expect.poll(() => heard.count, ROOM).toBe(4);
  await stop();
});
