import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Secret } from '../../domain/secret.ts';
import { createEgressGuard } from '../../net/egress.ts';
import type { FetchedMessage, Provider, SessionAccess } from '../../providers/contract.ts';
import { createExchangeProvider } from '../../providers/exchange/adapter.ts';
import { loadServerCertificate } from '../../sandbox/certificate.ts';
import { secret } from '../support/minting.ts';
import { failureOf } from './contract.ts';

/* Answers of servers that the sandbox is none of. Each server offers Basic, and keeps what it was asked. */

const NEVER = new AbortController().signal;
const PASSWORD = secret('exchange-password');
const EMAIL = 'ana@contoso.example';

interface Asked {
  path: string;
  body: string;
}
type Answer = (asked: Asked, response: ServerResponse) => void | Promise<void>;

const dir = mkdtempSync(join(tmpdir(), 'mooring-exchange-'));
let answer: Answer;
const asked: Asked[] = [];
const server = createServer((request, response) => void serve(request, response));
let origin: string;
let caFile: string;
beforeAll(async () => {
  const { key, certificate, caFile: authority } = await loadServerCertificate(dir);
  caFile = authority;
  server.setSecureContext({ key, cert: certificate });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  origin = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
  rmSync(dir, { recursive: true, force: true });
});

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await text(request);
  if (!request.headers.authorization?.startsWith('Basic')) {
    return void response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
  }
  const one = { path: request.url ?? '', body };
  asked.push(one);
  await answer(one, response);
}

const provider = (autodiscoverUrl?: string): Provider =>
  createExchangeProvider({
    egress: createEgressGuard({ allow: ['127.0.0.1'] }),
    certificateAuthorities: readFileSync(caFile, 'utf8'),
    autodiscoverUrl,
  });

async function session() {
  const access: SessionAccess = {
    kind: 'password',
    server: { kind: 'ews', url: `${origin}/EWS/Exchange.asmx` },
    username: EMAIL,
    password: new Secret(PASSWORD),
    email: EMAIL,
    mailbox: null,
    context: {},
  };
  return provider().openSession(access, NEVER);
}

const discover = (path: string) => {
  asked.length = 0;
  const login = { email: EMAIL, username: EMAIL, password: new Secret(PASSWORD) };
  return provider(`${origin}${path}`).signIn.password!.discover(login, {}, NEVER);
};
const tell = (account: string) => (response: ServerResponse) =>
  void response
    .writeHead(200, { 'content-type': 'text/xml' })
    .end(`<Autodiscover><Response><Account>${account}</Account></Response></Autodiscover>`);
const redirect = (location: string) => (response: ServerResponse) => void response.writeHead(302, { location }).end();

describe('Autodiscover', () => {
  const found = tell('<Protocol><EwsUrl>https://mail.contoso.example/EWS/Exchange.asmx</EwsUrl></Protocol>');
  const ways: Record<string, (response: ServerResponse, asked: Asked) => void> = {
    '/found': found,
    '/redirect': redirect('/found'),
    '/url': (response) => tell(`<RedirectUrl>${origin}/found</RedirectUrl>`)(response),
    '/address': (response, { body }) =>
      body.includes('a.na@contoso.example')
        ? found(response)
        : tell('<RedirectAddr>a.na@contoso.example</RedirectAddr>')(response),
    '/loop': redirect('/loop'),
    '/away': redirect('https://autodiscover.fabrikam.example/autodiscover/autodiscover.xml'),
    '/lookalike': redirect('https://evilcontoso.example/autodiscover/autodiscover.xml'),
    '/plain': redirect('http://127.0.0.1/found'),
    '/other-address': tell('<RedirectAddr>ana@fabrikam.example</RedirectAddr>'),
    '/expired': redirect('/owa/auth/expiredpassword.aspx?url=/autodiscover/autodiscover.xml'),
    '/error-page': redirect('/owa/auth/errorfe.aspx?owaError=genericerrorpage'),
    '/without': tell('<Protocol><Type>EXPR</Type></Protocol>'),
    '/plain-service': tell('<Protocol><EwsUrl>http://mail.contoso.example/EWS/Exchange.asmx</EwsUrl></Protocol>'),
    '/online': redirect('https://autodiscover-s.outlook.com/autodiscover/autodiscover.xml'),
    '/online-address': tell('<RedirectAddr>ana@contoso.mail.onmicrosoft.com</RedirectAddr>'),
    '/online-service': tell('<Protocol><EwsUrl>https://outlook.office365.com/EWS/Exchange.asmx</EwsUrl></Protocol>'),
  };
  beforeAll(() => {
    answer = (one, response) => {
      const [path = ''] = one.path.split('?');
      if (path === '/long') redirect(`${one.path}x`)(response);
      else ways[path]?.(response, one);
    };
  });

  it.each(['/redirect', '/url', '/address'])('follows %s within the domain or at the same host', async (path) => {
    expect(await discover(path)).toEqual({ kind: 'ews', url: 'https://mail.contoso.example/EWS/Exchange.asmx' });
    expect(asked).toHaveLength(2);
  });

  it.each([
    ['/loop', 1],
    ['/long?x', 5],
    ['/away', 1],
    ['/lookalike', 1],
    ['/plain', 1],
    ['/other-address', 1],
    ['/error-page', 1],
    ['/without', 1],
    ['/plain-service', 1],
  ])('finds nothing by %s, and sends the login no further', async (path, requests) => {
    expect(await discover(path)).toBeNull();
    expect(asked).toHaveLength(requests);
  });

  it('ends with a password that has run out, after one login', async () => {
    expect((await failureOf(discover('/expired'))).verdict).toMatchObject({ kind: 'reauth_required', vague: false });
    expect(asked).toHaveLength(1);
  });

  it.each(['/online', '/online-address', '/online-service'])('leads %s to Microsoft 365', async (path) => {
    const failure = await failureOf(discover(path));
    expect(failure.verdict.providerCode).toBe('exchange_online');
    expect(failure.message).toContain('connect this mailbox as Microsoft 365');
  });
});

const envelope = (name: string, messages: string) =>
  `<s:Envelope xmlns:s="s"><s:Body><m:${name}Response xmlns:m="m" xmlns:t="t"><m:ResponseMessages>${messages}</m:ResponseMessages></m:${name}Response></s:Body></s:Envelope>`;
const success = (name: string, content: string) =>
  `<m:${name}ResponseMessage ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode>${content}</m:${name}ResponseMessage>`;

const folder = (id: string, { element = 'Folder', kind = 'IPF.Note', hidden = false, parent = 'root' } = {}) =>
  `<t:Create><t:${element}><t:FolderId Id="${id}"/><t:ParentFolderId Id="${parent}"/><t:FolderClass>${kind}</t:FolderClass><t:DisplayName>${id}</t:DisplayName>${hidden ? '<t:ExtendedProperty><t:ExtendedFieldURI PropertyTag="0x10f4" PropertyType="Boolean"/><t:Value>true</t:Value></t:ExtendedProperty>' : ''}</t:${element}></t:Create>`;

const known = ['Inbox', 'Trash', 'Junk', 'Drafts', 'Outbox', 'Sync'].map((id) =>
  success('GetFolder', `<m:Folders><t:Folder><t:FolderId Id="${id}"/></t:Folder></m:Folders>`),
);
/** The answers of a mailbox with these folders. */
function tellFolders({ body }: Asked, response: ServerResponse, folders: string[]): void {
  const name = body.includes('<m:GetFolder') ? 'GetFolder' : 'SyncFolderHierarchy';
  const all = `<m:SyncState>1</m:SyncState><m:IncludesLastFolderInRange>true</m:IncludesLastFolderInRange><m:Changes>${folders.join('')}</m:Changes>`;
  response.end(envelope(name, name === 'GetFolder' ? known.join('') : success(name, all)));
}

it('takes mail folders alone for sources: no other kind, no search folder, none that is hidden', async () => {
  const folders = [
    folder('Inbox'),
    folder('Imap', { kind: 'IPF.Note.OutlookHomepage' }),
    folder('Unread', { element: 'SearchFolder' }),
    folder('Calendar', { element: 'CalendarFolder', kind: 'IPF.Appointment' }),
    folder('Below', { parent: 'Calendar' }),
    folder('Contacts', { element: 'ContactsFolder', kind: 'IPF.Contact' }),
    folder('Notes', { kind: 'IPF.StickyNote' }),
    folder('Settings', { kind: 'IPF.Configuration' }),
    folder('Metadata', { hidden: true }),
  ];
  answer = (one, response) => tellFolders(one, response, folders);
  const opened = await session();
  const parts = await opened.parts();
  await opened.close();
  expect(parts.map(({ name }) => name)).toEqual(['INBOX', 'Imap', 'Calendar/Below']);
});

describe('a held stream', () => {
  const events = envelope(
    'GetStreamingEvents',
    success('GetStreamingEvents', '<m:ConnectionStatus>OK</m:ConnectionStatus>'),
  );
  const SUBSCRIBED = success('Subscribe', '<m:SubscriptionId>1</m:SubscriptionId>');
  /** Listens to a server that streams by `stream`, to the end. */
  const listening = async (stream: (response: ServerResponse) => Promise<void>, subscribed = SUBSCRIBED) => {
    answer = async (one, response) => {
      if (one.body.includes('<m:GetStreamingEvents')) return await stream(response.on('error', () => {}));
      if (!one.body.includes('<m:Subscribe')) return tellFolders(one, response, [folder('Inbox'), folder('Trash')]);
      response.end(envelope('Subscribe', subscribed));
    };
    const opened = await session();
    let heard = 0;
    const ended = await opened.listen!(() => void heard++, NEVER).catch((error: unknown) => error);
    await opened.close();
    return { ended, heard };
  };

  it('is read where its envelopes come byte by byte, and ended where one grows without end', async () => {
    const { ended, heard } = await listening(async (response) => {
      for (const letter of events) {
        response.write(letter);
        await new Promise((resolve) => setImmediate(resolve));
      }
      response.write('<s:Envelope>'.repeat(30_000));
    });
    expect(ended).toMatchObject({
      message: expect.stringContaining('too large') as string,
      verdict: { kind: 'transient', providerCode: 'unexpected_answer' },
    });
    expect(heard).toBe(1);
  });

  it('is declined, and asked for again soon, where a right is missing', async () => {
    const denied =
      '<m:SubscribeResponseMessage ResponseClass="Error"><m:ResponseCode>ErrorAccessDenied</m:ResponseCode></m:SubscribeResponseMessage>';
    expect(await listening(async () => {}, denied)).toEqual({ ended: 'declined', heard: 0 });
  });
});

it.each([1_000, 0])(
  'never holds a message of 30 MB whose size is told as %i',
  async (told) => {
    const size = 30_000_000;
    const PIECE = 599_997;
    const piece = Buffer.from('x'.repeat(PIECE)).toString('base64');
    let sent = 0;
    let received = 0;
    let mostAhead = 0;
    answer = async ({ body }, response) => {
      response.on('error', () => {}).setMaxListeners(0);
      if (!body.includes('IncludeMimeContent')) {
        const item = `<m:Items><t:Message><t:ItemId Id="1"/><t:DateTimeReceived>2026-03-10T12:00:00Z</t:DateTimeReceived><t:Size>${told}</t:Size></t:Message></m:Items>`;
        return void response.end(envelope('GetItem', success('GetItem', item)));
      }
      const [before = '', after = ''] = envelope(
        'GetItem',
        success(
          'GetItem',
          '<m:Items><t:Message><t:MimeContent>|</t:MimeContent><t:ItemId Id="1"/></t:Message></m:Items>',
        ),
      ).split('|');
      sent = 0;
      response.write(before);
      while (sent < size && !response.destroyed) {
        sent += PIECE;
        const isRoomy = response.write(piece);
        if (!isRoomy) await new Promise((drained) => response.once('drain', drained).once('close', drained));
      }
      response.end(after);
    };
    const opened = await session();
    for await (const outcome of opened.fetchMessages({ scope: 'f', name: 'INBOX' }, [
      { providerId: '1', generation: '' },
    ])) {
      if (outcome.outcome !== 'message') throw new Error(outcome.outcome);
      for await (const part of outcome.raw) {
        received += part.length;
        mostAhead = Math.max(mostAhead, sent - received);
      }
    }
    await opened.close();
    expect(received).toBe(sent);
    // What the system's sockets hold, and a batch of 4 MiB.
    expect(mostAhead).toBeLessThan(16 * 1024 * 1024);
  },
  60_000,
);

it.each([
  ['elements', '<t:X a="1"/>'],
  ['texts', `<t:X>${'x'.repeat(1_000)}</t:X>`],
])(
  'S-56: ends an answer whose %s have no end',
  async (_name, endless) => {
    answer = async ({ body }, response) => {
      response.on('error', () => {}).setMaxListeners(0);
      if (!body.includes('IncludeMimeContent')) {
        const item = '<m:Items><t:Message><t:ItemId Id="1"/><t:Size>1000</t:Size></t:Message></m:Items>';
        return void response.end(envelope('GetItem', success('GetItem', item)));
      }
      const [before = ''] = envelope('GetItem', success('GetItem', '|')).split('|');
      response.write(before);
      while (!response.destroyed) {
        const isRoomy = response.write(endless.repeat(1_000));
        if (!isRoomy) await new Promise((drained) => response.once('drain', drained).once('close', drained));
      }
    };
    const opened = await session();
    const fetched = opened.fetchMessages({ scope: 'f', name: 'INBOX' }, [{ providerId: '1', generation: '' }]);
    const { message, verdict } = await failureOf(drained(fetched));
    await opened.close();
    expect(message).toContain('too large');
    expect(verdict).toMatchObject({ kind: 'transient', providerCode: 'unexpected_answer' });
  },
  60_000,
);

async function drained(fetched: AsyncIterable<FetchedMessage>): Promise<void> {
  for await (const one of fetched) if (one.outcome === 'message') for await (const _ of one.raw);
}
