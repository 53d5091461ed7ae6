import { describe, expect, it } from 'vitest';
import { SET_ASIDE_REASONS } from '../../domain/receipt.ts';
import { EVENT_TYPES } from '../../domain/event.ts';
import type { EventType } from '../../domain/event.ts';
import { describeSetAside } from '../../ui/words/set-aside-words.ts';
import { groupEvents } from '../../ui/words/event-groups.ts';
import { describeEvent, describeImport, quarantineWords, skipWords } from '../../ui/words/event-words.ts';
import type { TimelineEvent } from '../../api/schemas/events.ts';
import type { Import } from '../../api/schemas/imports.ts';
import type { Explained } from '../../ui/words/words.ts';

const CHANNEL: Explained = {
  tenant: 'acme',
  kind: 'individual',
  access: { label: 'Gmail', provider: 'Google', causes: {} },
  account: { email: 'ana@example.com', login: 'ana@example.com', provider_id: '1' },
  owner: null,
  status: 'connected',
  status_reason: null,
  action: 'none',
  import: 'continuous',
};
let serial = 0;
const event = (type: EventType, data: Record<string, unknown> = {}): TimelineEvent => ({
  id: `evt_${++serial}`,
  type,
  at: '2026-05-03T12:00:00Z',
  incident: null,
  data,
});

const RECEIPT: Import = {
  id: 'imp_1',
  channel: 'chn_1',
  state: 'completed',
  cause: 'reauthorized',
  window: { from: null, to: null },
  found: 40,
  imported: 38,
  already_had: 2,
  repaired: 0,
  missing: 0,
  compared: true,
  skipped: [],
  progress: { done: 40, estimate: 40 },
  replaying: false,
  set_aside: [],
  started_at: '2026-05-03T12:00:00Z',
  completed_at: '2026-05-03T12:01:00Z',
};

describe('a gap', () => {
  it('alarms where messages may have been missed, and not where a new access is compared', () => {
    expect(describeEvent(event('gap.detected', { cause: 'reauthorized' }), CHANNEL).tone).toBe('warn');
    const { sentence, tone } = describeEvent(event('gap.detected', { cause: 'access_changed' }), CHANNEL);
    expect([sentence, tone]).toEqual([
      'The new access is compared with what is stored; an import fetches what is not.',
      'quiet',
    ]);
  });
});

describe('describeEvent', () => {
  it.each(EVENT_TYPES)('has a sentence for %s, with empty data too', (type) => {
    expect(describeEvent(event(type), CHANNEL).sentence).toMatch(/^[A-Z0-9].*\.$/);
  });

  it.each([
    [{ from: 'imap', to: 'gmail', reversal: false }, 'Moved from IMAP to Gmail; history kept.'],
    [{ from: 'gmail', to: 'imap', reversal: true }, 'Went back from Gmail to IMAP; history kept.'],
    [{ from: 'imap', to: 'imap', reversal: false }, 'Moved to another IMAP access; history kept.'],
    [{ from: 'hubspot', to: 'hubspot', reversal: true }, 'Went back to the former hubspot access; history kept.'],
  ])('says what became of the access: %j', (data, sentence) => {
    expect(describeEvent(event('channel.access_changed', data), CHANNEL).sentence).toBe(sentence);
  });

  it('shows the name of an event that this page does not know yet', () => {
    expect(describeEvent(event('moon.risen' as EventType), CHANNEL).sentence).toBe('moon.risen');
  });

  it('says why, from the event and not from the state of now', () => {
    const told = event('channel.reauth_required', { status_reason: 'refresh_token_expired' });
    expect(describeEvent(told, CHANNEL).sentence).toContain('run out');
  });
});

describe('groupEvents', () => {
  it('joins renewals in a row and keeps everything else apart, in order', () => {
    const renewal = () => event('credential.refreshed');
    const groups = groupEvents([renewal(), renewal(), event('channel.paused'), renewal()]);
    expect(groups.map((group) => [group.newest.type, group.size])).toEqual([
      ['credential.refreshed', 2],
      ['channel.paused', 1],
      ['credential.refreshed', 1],
    ]);
  });

  it('adds up the messages of batches in a row', () => {
    const [group] = groupEvents([event('message.received', { count: 25 }), event('message.received', { count: 15 })]);
    expect(group && describeEvent(group.newest, CHANNEL).sentence).toBe('40 new messages stored.');
  });

  it('never joins what happened once', () => {
    expect(groupEvents([event('channel.degraded'), event('channel.degraded')])).toHaveLength(2);
  });
});

describe('describeImport', () => {
  it('claims that nothing is missing only when it was compared', () => {
    expect(describeImport(RECEIPT)).toContain('Nothing is missing');
    expect(describeImport({ ...RECEIPT, compared: false })).not.toContain('Nothing is missing');
  });

  it('does not say that nothing is missing while a message lies in quarantine', () => {
    const held = { ...RECEIPT, imported: 37, skipped: [{ reason: 'unfetchable', count: 1 }] };
    expect(describeImport(held)).toMatch(/^1 message could not be had and is kept aside; nothing else is missing/);
    const deleted = { ...RECEIPT, imported: 37, skipped: [{ reason: 'gone', count: 1 }] };
    expect(describeImport(deleted)).toMatch(/^Nothing is missing/);
  });

  it('counts what is missing', () => {
    expect(describeImport({ ...RECEIPT, state: 'stalled', missing: 3 })).toContain('3 messages');
  });

  it('names the folders that could not be listed, in the timeline too', () => {
    const times = { since: '2026-05-01T10:00:00Z', retry_at: '2026-05-01T11:00:00Z' };
    const aside = { folder: 'Projects', reason: 'refused', count: 0, ...times } as const;
    const words = '“Projects” could not be listed; everything else goes on, and it is tried again within a day.';
    expect(describeImport({ ...RECEIPT, state: 'stalled', set_aside: [aside] })).toBe(words);
    const told = describeEvent(event('import.stalled', { set_aside: ['Projects'] }), CHANNEL);
    expect(told).toMatchObject({ sentence: expect.stringContaining(words), tone: 'warn' });
  });
});

describe('set aside', () => {
  it.each(SET_ASIDE_REASONS)('says in plain words why: %s', (reason) => {
    const sentence = describeSetAside({ reason, count: 2 }, 'the mail server');
    expect(sentence).toMatch(/^[A-Z0-9].*\.$/);
    expect(sentence).not.toContain(reason);
  });
});

describe('quarantine', () => {
  it('says why a message is kept aside, with the code of its last try', () => {
    expect(quarantineWords({ folder: 'Projects', reason: 'unfetchable', error: 'network' })).toBe(
      'The provider does not give it (folder Projects), last: network.',
    );
    expect(quarantineWords({ folder: null, reason: 'unparseable', error: null })).toBe('It breaks the reader.');
    expect(skipWords('unfetchable')).toBe('kept aside, the provider does not give it');
  });
});

describe('the receipt of a change of access', () => {
  const changed: Import = { ...RECEIPT, cause: 'access_changed', found: 31, imported: 1, already_had: 30 };

  it.each([
    [changed, 'Nothing is missing and nothing came twice: 30 messages were there before, 1 message came new.'],
    [
      { ...changed, found: 1, imported: 0, already_had: 1 },
      'Nothing is missing and nothing came twice: 1 message was there before, none came new.',
    ],
    [{ ...changed, missing: 2, imported: 0 }, '2 messages could not be fetched yet; it is tried again.'],
  ])('tells stored messages from new ones', (it, sentence) => {
    expect(describeImport(it)).toBe(sentence);
  });
});
