import { randomBytes } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { HttpAnswer } from '../http-answer.ts';
import { gmailError } from './answers.ts';
import type { GmailRequest } from './gmail.ts';

const MAX_PARTS = 100;

interface BatchPart {
  readonly contentId: string | undefined;
  readonly request: GmailRequest;
}

/**
 * A batch: many calls in one multipart/mixed request, each answered on its own.
 * https://developers.google.com/workspace/gmail/api/guides/batch
 * @param call answers one part
 */
export function answerBatch(
  batch: { readonly contentType: string; readonly body: string; readonly authorization: string | undefined },
  call: (request: GmailRequest) => HttpAnswer,
): HttpAnswer {
  const boundary = /boundary="?([^";]+)"?/i.exec(batch.contentType)?.[1];
  if (boundary === undefined)
    return gmailError.invalidArgument('Missing boundary parameter in the Content-Type header.');
  const pieces = batch.body.split(`--${boundary}`).slice(1);
  const parts = pieces.filter((piece) => !piece.startsWith('--')).map((piece) => parsePart(piece, batch.authorization));
  const wellFormed = parts.filter((part) => part !== undefined);
  if (wellFormed.length === 0 || wellFormed.length !== parts.length) {
    return gmailError.invalidArgument('Failed to parse batch request, error: malformed part.');
  }
  if (parts.length > MAX_PARTS) {
    return gmailError.invalidArgument(`The batch request contains ${parts.length} calls, the limit is ${MAX_PARTS}.`);
  }
  const answerBoundary = `batch_${randomBytes(16).toString('base64url')}`;
  const answered = wellFormed.map(({ contentId, request }) => formatPart(answerBoundary, contentId, call(request)));
  return {
    status: 200,
    headers: { 'content-type': `multipart/mixed; boundary=${answerBoundary}` },
    body: `${answered.join('')}--${answerBoundary}--\r\n`,
  };
}

function parsePart(piece: string, outerAuthorization: string | undefined): BatchPart | undefined {
  const [outer = '', inner = ''] = splitHead(piece.replace(/^\r?\n/, ''));
  const [head = '', body = ''] = splitHead(inner);
  const [requestLine = '', ...headerLines] = head.split(/\r?\n/);
  const [, method, target] = /^([A-Z]+) (\S+)(?: HTTP\/1\.1)?$/.exec(requestLine.trim()) ?? [];
  if (method === undefined || target === undefined || !URL.canParse(target, 'http://gmail')) return undefined;
  const url = new URL(target, 'http://gmail');
  return {
    contentId: headerOf(outer.split(/\r?\n/), 'content-id'),
    request: {
      method,
      path: url.pathname,
      query: url.searchParams,
      authorization: headerOf(headerLines, 'authorization') ?? outerAuthorization,
      body: body.trim(),
    },
  };
}

function splitHead(text: string): string[] {
  const [, head, rest] = /^([\s\S]*?)\r?\n\r?\n([\s\S]*)$/.exec(text) ?? [];
  return [head ?? text, rest ?? ''];
}

function headerOf(lines: readonly string[], name: string): string | undefined {
  const line = lines.find((candidate) => candidate.toLowerCase().startsWith(`${name}:`));
  return line?.slice(name.length + 1).trim();
}

function formatPart(boundary: string, contentId: string | undefined, answer: HttpAnswer): string {
  const lines = [
    `--${boundary}`,
    'Content-Type: application/http',
    ...(contentId === undefined ? [] : [`Content-ID: <response-${contentId.replace(/^<|>$/g, '')}>`]),
    '',
    `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status] ?? ''}`,
    ...Object.entries(answer.headers).map(([name, value]) => `${name}: ${value}`),
    `Content-Length: ${Buffer.byteLength(answer.body)}`,
    '',
    answer.body,
    '',
  ];
  return lines.join('\r\n');
}
