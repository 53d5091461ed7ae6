import { expect, test } from 'vitest';
import { belongsToWindow, countsAsHad, windowToList } from '../../domain/import-window.ts';
import type { WindowFacts } from '../../domain/import-window.ts';
import { fingerprintText } from '../../domain/messages/fingerprint.ts';
import { readMessageHeaders } from '../../imports/fetching/headers.ts';

const at = (text: string) => new Date(`2026-05-01T${text}Z`);
const facts = (more: Partial<WindowFacts>): WindowFacts => ({
  from: at('10:00:00.500'),
  to: at('11:00:00.000'),
  ownedFrom: at('08:00:00.700'),
  setBack: null,
  overlapMs: 3_600_000,
  reason: 'comparison',
  ...more,
});
const now = at('12:00:00.000');

test('windowToList reaches back by the overlap, never before the connection', () => {
  expect(windowToList(facts({}), now)).toEqual({ from: at('09:00:00.500'), to: at('11:00:00.000') });
  expect(windowToList(facts({ overlapMs: 86_400_000 }), now).from).toEqual(at('08:00:00.000'));
});

test('windowToList of a fallback and of a new folder has no end: what is dated in the future has arrived too', () => {
  for (const reason of ['fallback', 'new_part'] as const) {
    expect(windowToList(facts({ reason }), now).to.getUTCFullYear()).toBeGreaterThan(2030);
  }
});

test.each([
  // reason, received, belongs, counts as had
  ['comparison', '08:00:00.699', false, false],
  ['comparison', '08:00:00.701', true, false],
  ['fallback', '07:59:59.999', false, false],
  ['fallback', '08:00:00.000', true, false],
  ['fallback', '10:00:00.499', true, false],
  ['fallback', '10:00:00.500', true, true],
  ['changes', '01:00:00.000', true, false],
  ['changes', '10:30:00.000', true, true],
  ['new_part', '01:00:00.000', true, false],
  ['requested', '09:59:59.999', false, false],
  ['requested', '10:00:00.000', true, false],
  ['requested', '10:30:00.000', true, true],
  ['requested', '11:00:00.001', false, false],
] as const)('%s, received %s: belongs %s, counts as had %s', (reason, received, belongs, counts) => {
  expect(belongsToWindow(at(received), facts({ reason }))).toBe(belongs);
  expect(countsAsHad(at(received), facts({ reason }))).toBe(counts);
});

test('the window taken by default does not include the rest of the second in which the channel was connected', () => {
  const byDefault = facts({ reason: 'requested', from: at('08:00:00.700'), to: null });
  expect(belongsToWindow(at('08:00:00.600'), byDefault)).toBe(false);
  expect(belongsToWindow(at('23:00:00.000'), byDefault)).toBe(true);
});

test('fingerprintText: Message-ID and date and sender and subject', () => {
  const headers = { messageId: '<a@b>', date: at('10:00:00'), from: 'A@b.example', subject: 'one' };
  expect(fingerprintText(headers)).toBe(fingerprintText({ ...headers, from: 'a@B.example' }));
  for (const other of [{ messageId: '<c@b>' }, { date: null }, { from: null }, { subject: 'two' }]) {
    expect(fingerprintText({ ...headers, ...other })).not.toBe(fingerprintText(headers));
  }
  expect(fingerprintText({ ...headers, messageId: null })).toBeNull();
});

const read = (text: string | Uint8Array) => readMessageHeaders(Buffer.from(text));

test('readMessageHeaders reads what can be read, and what PostgreSQL can store', async () => {
  const group = await read(
    'From: Team: a@b.c, d@e.f;\nSubject: a\0b =?utf-8?B?w7w=?=\nMessage-ID: <x@y> \n\nFrom: c@d.e\n',
  );
  expect(group).toMatchObject({ sender: { email: 'a@b.c', name: null }, subject: 'a\u{FFFD}b ü', messageId: '<x@y>' });
  expect(await read('Date: Thu, 01 Jan 99999 00:00:00 +0000\r\n\r\n')).toMatchObject({ date: null });
  for (const rubbish of ['', '\r\n\r\nbody', 'no header', new Uint8Array(70_000).fill(200)]) {
    expect(await read(rubbish)).toMatchObject({ messageId: null, identity: null, recipients: [] });
  }
});

test.each([
  ['changes', true],
  ['new_part', true],
  ['fallback', true],
  ['requested', true],
  ['comparison', false],
] as const)('belongsToWindow(): without a date that can be read, %s: %s', (reason, belongs) => {
  expect(belongsToWindow(new Date(0), facts({ reason }))).toBe(belongs);
});
