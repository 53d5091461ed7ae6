import type { Server } from 'node:http';
import { checkAnswer } from './documented-answers.ts';
import { keep } from './evidence.ts';
import type { EvidenceKind } from './evidence.ts';
import { learnSecret } from './minting.ts';

/*
 * Where a secret belongs in an answer, and nowhere else in it. It is taken out of what is kept, and put on the list.
 */
const LINK = { method: 'POST', field: 'url', kind: 'link', why: 'the address is for the person who signs in' };
const GIVEN: { method: string; path: RegExp; field: string; kind: string; why: string }[] = [
  {
    method: 'GET',
    path: /^\/v1\/channels\/\w+\/access-token$/,
    field: 'access_token',
    kind: 'access-token',
    why: 'it was asked for',
  },
  { method: 'POST', path: /^\/v1\/api-keys$/, field: 'api_key', kind: 'api-key', why: 'shown once, to who made it' },
  {
    method: 'POST',
    path: /^\/v1\/webhook-endpoints(\/\w+\/rotate-secret)?$/,
    field: 'secret',
    kind: 'webhook-secret',
    why: 'shown once, to who made it',
  },
  { ...LINK, path: /^\/v1\/links$/ },
  { ...LINK, path: /^\/v1\/channels\/\w+\/reauthorize-links$/ },
  { method: 'POST', path: /^\/v1\/banner-tokens$/, field: 'token', kind: 'banner-token', why: 'it is for a page' },
  { ...LINK, method: 'GET', path: /^\/banner\/state$/, field: 'reauthorize_url' },
];

export interface SentAnswer {
  method: string;
  /** With or without its query, which is not kept: codes and states arrive in it. */
  url: string;
  status: number;
  headers: Iterable<[string, string]>;
  body: string;
  /** False: it was cut off, or its body could not be kept. */
  isWhole?: boolean;
}

/** Keeps what our server answered: pages, problems, streams; `page`: to a browser. Answers must be as documented. */
export function keepAnswer(
  { method, url, status, headers, body, isWhole = true }: SentAnswer,
  kind: EvidenceKind & ('answer' | 'page') = 'answer',
): void {
  let text = [`${method} ${status}`, ...[...headers].map(headerText), body].join('\n');
  const { pathname } = new URL(url, 'http://server');
  const contentType = [...headers].find(([name]) => name.toLowerCase() === 'content-type')?.[1] ?? '';
  checkAnswer({ method, pathname, status, contentType, body, isWhole });
  const given = GIVEN.find((one) => one.method === method && one.path.test(pathname));
  for (const value of given && status < 300 ? fieldsOf(body, given.field) : []) {
    learnSecret(given?.kind ?? '', linkTokenOf(value) ?? value);
    text = text.replace(JSON.stringify(value), '"…"');
  }
  keep(kind, text);
}

/** By the text, for an answer may have been cut off: a browser that goes elsewhere keeps none. */
const fieldsOf = (body: string, field: string): string[] =>
  [...body.matchAll(new RegExp(`"${field}":\\s*"([^"]+)"`, 'g'))].map(([, value = '']) => value);

const linkTokenOf = (url: string): string | null => /\/connect\/([\w-]{43})$/.exec(url)?.[1] ?? null;

/** A cookie is for the browser that gets it; a person comes back from the provider to the address of their link. */
function headerText([name, value]: [string, string]): string {
  if (name.toLowerCase() === 'set-cookie') {
    const [, cookie] = /^[^=]+=([^;]{24,})/.exec(value) ?? [];
    if (cookie) learnSecret('cookie', cookie);
    return `${name}: ${cookie ? value.replace(cookie, '…') : value}`;
  }
  if (name.toLowerCase() === 'location')
    return `${name}: ${value.replace(/\/connect\/[\w-]{43}(?=\?|$)/, '/connect/…')}`;
  return `${name}: ${value}`;
}

/** Keeps every answer of a server in this process, to any client: a page, a stream, a request by hand. */
export function keepAnswersOf(server: Server): void {
  server.prependListener('request', (request, response) => {
    const chunks: Buffer[] = [];
    const [write, end] = [response.write.bind(response), response.end.bind(response)];
    const take = (chunk: unknown) => {
      if (typeof chunk === 'string' || chunk instanceof Uint8Array) chunks.push(Buffer.from(chunk));
    };
    response.write = ((chunk: unknown, ...rest: never[]) => (take(chunk), write(chunk, ...rest))) as typeof write;
    response.end = ((chunk: unknown, ...rest: never[]) => (take(chunk), end(chunk, ...rest))) as typeof end;
    response.once('close', () => {
      const headers = Object.entries(response.getHeaders()).flatMap(([name, value]) =>
        [value].flat().map((one): [string, string] => [name, String(one)]),
      );
      const { method = '', url = '' } = request;
      const body = Buffer.concat(chunks).toString();
      const isWhole = response.writableFinished;
      keepAnswer({ method, url, status: response.statusCode, headers, body, isWhole });
    });
  });
}
