import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'explain-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs the command on a file of that content. */
function explain(content: string | null) {
  const file = join(folder, 'answers.jsonl');
  if (content !== null) writeFileSync(file, content);
  const script = new URL('../explain.ts', import.meta.url).pathname;
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...(content === null ? [] : [file])], {
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  });
  const said = stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  return { status, said, stderr };
}

const revoked = {
  id: 'a',
  provider: 'google',
  operation: 'refresh',
  http_status: 400,
  body: '{"error":"invalid_grant"}',
};
const fields = ['action', 'id', 'provider_code', 'retry_after_ms', 'status_reason', 'verdict'];

describe('npm run explain', () => {
  it('answers each line with one, in order, with a byte order mark and CRLF as well', () => {
    const content = `\uFEFF${JSON.stringify(revoked)}\r\n\r\n${JSON.stringify({ ...revoked, id: 'b', http_status: 503 })}\r\n`;
    const { status, said, stderr } = explain(content);
    expect([status, stderr]).toEqual([0, '']);
    expect(said.map(({ id, verdict }) => [id, verdict])).toEqual([
      ['a', 'reauth_required'],
      ['b', 'transient'],
    ]);
    expect(Object.keys(said[0]!).toSorted()).toEqual(fields);
  });

  it('names a line that it cannot read, answers the others, and ends with 2', () => {
    const lines = [revoked, { ...revoked, provider: 'goggle' }, { provider: 'imap' }, { ...revoked, id: 'last' }];
    const { status, said, stderr } = explain(['{"id":', ...lines.map((line) => JSON.stringify(line))].join('\n'));
    expect(status).toBe(2);
    expect(said.map(({ id }) => id)).toEqual(['a', 'last']);
    expect(stderr).toMatch(/answers\.jsonl line 1: .*JSON/);
    expect(stderr).toMatch(/line 3: provider: .*"google"\|"microsoft"/);
    expect(stderr).toMatch(/line 4: id: /);
  });

  it('takes what is left out, an operation it does not know, and a body that was not written as text', () => {
    const lines = [
      { id: 1, provider: 'imap' },
      { ...revoked, operation: 'token', http_status: '400', headers: { 'Retry-After': 5 } },
      { ...revoked, id: 'object', body: { error: 'invalid_grant' } },
      { ...revoked, id: 'null', headers: null, body: null },
    ];
    const { status, said } = explain(lines.map((line) => JSON.stringify(line)).join('\n'));
    expect(status).toBe(0);
    expect(said.map(({ verdict }) => verdict)).toEqual([
      'transient',
      'reauth_required',
      'reauth_required',
      'transient',
    ]);
  });

  it('reads a line of 10 MB in a second or two', () => {
    const bodies = [
      '<html>'.padEnd(10_000_000, '<p>exceeded '),
      `{"error":"${'x'.repeat(10_000_000)}"}`,
      '[{'.repeat(5e6),
    ];
    const { status, said } = explain(bodies.map((body, at) => JSON.stringify({ ...revoked, id: at, body })).join('\n'));
    expect([status, said.length]).toEqual([0, 3]);
    expect(said.map(({ verdict }) => verdict)).toEqual(['transient', 'transient', 'transient']);
  }, 30_000);

  it('says nothing of an empty file, and how it is used when there is none', () => {
    expect(explain('')).toEqual({ status: 0, said: [], stderr: '' });
    expect(explain(null)).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('usage: npm run -s explain') as string,
    });
  });
});
