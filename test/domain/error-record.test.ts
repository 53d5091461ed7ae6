import { readdirSync, readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { DrizzleQueryError } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { maskAccount, maskAddress, maskAddresses, unmaskAccount } from '../../domain/redaction/mask-address.ts';
import { recordError } from '../../domain/redaction/error-record.ts';
import { ProviderError } from '../../domain/verdict.ts';
import type { Verdict } from '../../domain/verdict.ts';
import { failureConverter } from '../../workflows/failure-converter.ts';

const MASKED = [
  ['ana@example.com', 'a…a@example.com'],
  ['jo@example.com', 'j…@example.com'],
  ['a@example.com', 'a…@example.com'],
  ['ana', 'a…a'],
  ['"odd@name"@example.com', '"…"@example.com'],
  ['ünal@bücher.example', 'ü…l@bücher.example'],
] as const;

test.each(MASKED)('%s is shown as %s, and that as itself', (address, masked) => {
  expect(maskAddress(address)).toBe(masked);
  expect(maskAddress(masked)).toBe(masked);
});

const TEXTS = [
  ['Mail to ana@example.com, from <bob@x.example>;', 'Mail to a…a@example.com, from <b…b@x.example>;'],
  ['https://mail.example/?hint=ana%40example.com&n=1', 'https://mail.example/?hint=a…a%40example.com&n=1'],
  ['mailto:ana@example.com', 'mailto:a…a@example.com'],
  ['refused "ana maria"@example.com', 'refused "…"@example.com'],
  ["for 'ana@example.com'", "for '…a@example.com'"],
  [
    'at run (/srv/node_modules/@temporalio/worker/lib/a.js:1:2)',
    'at run (/srv/node_modules/@temporalio/worker/lib/a.js:1:2)',
  ],
] as const;

test.each(TEXTS)('the addresses of “%s” are masked', (text, masked) => {
  expect(maskAddresses(text)).toBe(masked);
  expect(maskAddresses(masked)).toBe(masked);
});

test('a sentence about an account comes back whole, for any login', () => {
  for (const login of ['ana', 'as', 'a', 'bob@example.com', '']) {
    const account = { email: 'ana@example.com', login };
    const sentence = `Signed in at mail.example as ${login} for ana@example.com`;
    const masked = maskAccount(sentence, account);
    expect(masked).not.toMatch(/\bana\b|bob/);
    expect(unmaskAccount(masked, account)).toBe(sentence);
  }
});

const VALUE = 'planted subject';

/** Errors of libraries, each with a value in its message. */
function foreignErrors(): Error[] {
  const broken = (): unknown => JSON.parse(`{ ${VALUE}`);
  const cause = Object.assign(new Error(`row (${VALUE})`), { code: '23505', detail: VALUE });
  const several = new Error(`first line\n    at ${VALUE}\n    at second line`);
  return [
    thrownBy(broken),
    new DrizzleQueryError(`insert into x values ($1)`, [VALUE], cause),
    new TypeError(VALUE, { cause }),
    new ProviderError('The server refused ana@example.com', {} as Verdict),
    Object.assign(new ProviderError('No answer', {} as Verdict), { cause }),
    several,
    Object.assign(new Error('short'), { code: `not a code but ${VALUE}` }),
  ];
}

function thrownBy(work: () => unknown): Error {
  try {
    work();
  } catch (error) {
    return error as Error;
  }
  throw new Error('It throws nothing');
}

test('S-61: a message that may quote a value is left out, in causes too', () => {
  for (const error of foreignErrors()) {
    const failure = failureConverter.errorToFailure(error, undefined as never);
    for (const told of [recordError(error), failure]) {
      expect(inspect(told, { depth: 9 })).not.toMatch(/planted|ana@/);
    }
    expect(failure.stackTrace).toContain('error-record.test.ts');
  }
  expect(
    recordError(new TypeError(VALUE, { cause: Object.assign(new Error(VALUE), { code: 'ECONNRESET' }) })),
  ).toMatchObject({
    type: 'TypeError',
    message: 'TypeError',
    cause: { type: 'Error', message: 'Error (ECONNRESET)', code: 'ECONNRESET' },
  });
  for (const thrown of [VALUE, { subject: VALUE }, null]) {
    expect(inspect(failureConverter.errorToFailure(thrown, undefined as never), { depth: 9 })).not.toContain('planted');
  }
});

test('the message of an error of our own is kept, its addresses masked', () => {
  const error = new ProviderError('The server refused ana@example.com', {} as Verdict);
  expect(recordError(error)).toMatchObject({ type: 'ProviderError', message: 'The server refused a…a@example.com' });
});

/** Rooms whose errors reach no log of a process and no history. */
const ELSEWHERE = /^(?:node_modules|dist|test|bench|sandbox|embedded|ui|docs)\//;

test('every class of error of ours is known, so that its message is kept', () => {
  const sources = readdirSync('.', { recursive: true, encoding: 'utf8' }).filter(
    (path) => path.endsWith('.ts') && !ELSEWHERE.test(path),
  );
  const classes = sources.flatMap((path) =>
    [...readFileSync(path, 'utf8').matchAll(/class (\w+) extends \w*Error\b/g)].map(([, name = '']) => name),
  );
  const known = readFileSync('domain/redaction/error-record.ts', 'utf8');
  expect(classes.length).toBeGreaterThan(6);
  expect(classes.filter((name) => !known.includes(`'${name}'`))).toEqual([]);
});
