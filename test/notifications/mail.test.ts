import { describe, expect, test } from 'vitest';
import { LOCALES } from '../../domain/locale.ts';
import { STATUS_REASONS } from '../../domain/verdict.ts';
import { MAIL_KINDS, WHYS } from '../../notifications/mail-kinds.ts';
import { composeMail } from '../../notifications/mail/compose.ts';
import type { MailItem } from '../../notifications/mail/mail-input.ts';
import { wordsOf } from '../../notifications/words/words-of.ts';
import { sampleOf } from './mail-samples.ts';

const everyMail = LOCALES.flatMap((locale) =>
  MAIL_KINDS.map((kind) => ({ kind, locale, input: sampleOf(kind, { locale }) })),
);
/** What a reader sees of the HTML. */
const seen = (html: string) =>
  html
    .replaceAll(/<(style|title)>.*?<\/\1>|<!--.*?-->|<[^>]*>/gs, ' ')
    .replaceAll(/&(#\d+|\w+);/g, (_all, name: string) => ({ amp: '&', '#39': "'", quot: '"' })[name] ?? ' ')
    .replaceAll(/\s+/g, ' ');
const withItem = (item: Partial<MailItem>) => {
  const sample = sampleOf('reauth_required');
  return sampleOf('reauth_required', { items: sample.items.map((one) => ({ ...one, ...item })) });
};

describe('a mail', () => {
  test.each(everyMail)('of kind $kind in $locale says the same in both bodies', ({ input }) => {
    const { subject, text, html } = composeMail(input);
    const page = seen(html);
    for (const line of text.split('\n').filter((line) => line !== '-- ')) {
      for (const part of line.replace(/^\* /, '').split(/: (?=https?:)|:$|: /)) {
        const said = part.startsWith('http') ? html : page;
        expect(said).toContain(part.trim().replaceAll(/\s+/g, ' '));
      }
    }
    expect(`${subject}${text}${html}`).not.toMatch(/undefined|null|NaN|\[object|\$\{/);
    expect(text).toContain('Acme Ltd');
    for (const { mailbox, link } of input.items) {
      expect(text).toContain(mailbox);
      if (link !== null) expect(html).toContain(`href="${link}"`);
    }
    expect(html).toContain(`lang="${input.locale}"`);
  });

  test.each(LOCALES)('in %s asks for another access where that mends the mailbox, and not for a sign-in', (locale) => {
    const asked = composeMail({ ...withItem({ task: 'change_access' }), locale });
    const plain = composeMail({ ...withItem({}), locale });
    const { buttons } = wordsOf(locale);
    expect(asked.text).toContain(buttons.change_access);
    expect(asked.text).not.toContain(buttons.sign_in);
    expect(asked.subject).toContain('ana.fischer@example.com');
    expect(asked.subject).not.toBe(plain.subject);
    const [item] = sampleOf('new_link').items;
    const items = [{ ...item!, task: 'change_access' } as const];
    const renewed = composeMail({ ...sampleOf('new_link', { items }), locale });
    // It may be for a mailbox that works.
    expect(renewed.text).not.toContain(`${wordsOf(locale).labels.since}: `);
    expect(renewed.text).toContain(buttons.change_access);
    expect(renewed.text).not.toBe(composeMail({ ...sampleOf('new_link'), locale }).text);
  });

  test('names no address but the recipient’s and the channel’s', () => {
    for (const { input } of everyMail) {
      const { subject, text, html, headers } = composeMail(input);
      const said = [subject, text, html, ...Object.values(headers)].join('\n');
      const known = new Set([input.recipient.email, ...input.items.flatMap(({ mailbox, login }) => [mailbox, login])]);
      const named = said.match(/[\w.+-]+@[\w-]+(?:\.[\w-]+)+/g) ?? [];
      expect(named.filter((address) => !known.has(address))).toEqual([]);
    }
  });

  test('fits a mail program: no script, no style of its own lines, no remote content, and less than Gmail clips', () => {
    for (const { input } of everyMail) {
      const { html } = composeMail(input);
      expect(html).not.toMatch(/<script|<link|<img|@import|url\(|javascript:/i);
    }
    const digest = sampleOf('digest');
    const many = Array.from({ length: 40 }, () => digest.items[0] as MailItem);
    expect(composeMail({ ...digest, items: many }).html.length).toBeLessThan(102_000);
  });

  test('says when in the recipient’s own time zone, and in UTC where the zone is unknown', () => {
    expect(composeMail(sampleOf('reauth_required')).text).toContain('Sunday, 3 May 2026, 14:32 CEST');
    expect(composeMail(sampleOf('reauth_required', { locale: 'ja', timeZone: 'Asia/Tokyo' })).text).toContain(
      '2026年5月3日(日) 21:32 JST',
    );
    expect(composeMail(sampleOf('reauth_required', { timeZone: 'Mars/Olympus' })).text).toContain('12:32 UTC');
  });

  test('has words for every reason, and names all causes where the answer leaves them open', () => {
    for (const locale of LOCALES) {
      const sentences = STATUS_REASONS.map((reason) => {
        const { text } = composeMail({ ...withItem({ reason, isAmbiguous: false }), locale });
        return text.split('\n')[4];
      });
      expect(new Set(sentences).size).toBe(STATUS_REASONS.length);
      expect(Object.keys(wordsOf(locale).whys).toSorted()).toEqual([...WHYS].toSorted());
    }
    expect(composeMail(withItem({})).text).toContain('the password was changed, or the access was withdrawn');
    expect(composeMail(withItem({ credential: 'password', provider: null })).text).toContain('It was probably changed');
    expect(composeMail(withItem({ reason: null, isAmbiguous: false })).text).toContain('without giving a reason');
  });

  test('can be ended with one click and is answered by no machine', () => {
    const { headers } = composeMail(sampleOf('reminder'));
    expect(headers).toMatchObject({
      'List-Unsubscribe': '<https://connect.example.com/unsubscribe/uns_9Qw3eR5tY7u>',
      'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
      'Auto-Submitted': 'auto-generated',
      'Content-Language': 'en',
    });
    const asked = composeMail(sampleOf('new_link', { unsubscribeUrl: null }));
    expect(Object.keys(asked.headers)).not.toContain('List-Unsubscribe');
  });

  test('takes names of any kind: controls, marks of direction, tags, links, right-to-left, very long', () => {
    const evil = 'Acme\r\nBcc: all@evil.example\u202E <b onclick="x">https://evil.example';
    const { subject, html, text, headers } = composeMail(
      sampleOf('reauth_required', {
        tenantName: evil,
        recipient: { email: 'ana.owner@people.example', name: evil },
        branding: {
          ...sampleOf('digest').branding,
          name: evil,
          supportEmail: 'x@y\r\nBcc: z@y',
          supportUrl: 'javascript:alert(1)',
        },
      }),
    );
    expect(`${subject}${JSON.stringify(headers)}`).not.toMatch(/[\r\n\u202E]|\\r|\\n/);
    expect(html).not.toMatch(/<b |https:\/\/evil|javascript:/);
    expect(text).not.toContain('https://evil');
    const long = composeMail(sampleOf('digest', { tenantName: '長い名前'.repeat(100), locale: 'ja' }));
    expect(long.subject.length).toBeLessThan(120);
    const hebrew = composeMail(sampleOf('recovered', { tenantName: 'מעגן בע״מ' })).text;
    expect(hebrew).toContain('\u2068מעגן בע״מ\u2069');
  });

  test('shows a logo by https alone, and a button whose text can be read on any accent', () => {
    const branding = {
      ...sampleOf('digest').branding,
      logoUrl: 'https://cdn.example/logo.png',
      accentColor: '#ffee00',
    };
    const { html } = composeMail(sampleOf('reauth_required', { branding }));
    expect(html).toContain('<img src="https://cdn.example/logo.png" alt="Harbour Desk"');
    expect(html).toMatch(/bgcolor="#ffee00"[^]*color:#000000/);
    const plain = composeMail(
      sampleOf('reauth_required', { branding: { ...branding, logoUrl: 'http://cdn.example/l.png' } }),
    );
    expect(plain.html).not.toContain('<img');
  });

  test('asks each person who shares a mailbox to sign in with a login of their own', () => {
    const item = { mailbox: 'team@example.com', login: 'dan@example.com', provider: 'Microsoft', isAmbiguous: false };
    const { text } = composeMail(withItem({ ...item, reason: 'session_revoked', isOwnLogin: true }));
    expect(text).toContain('sign in at Microsoft with your own login, which needs access to team@example.com.');
    for (const locale of LOCALES) {
      const [own, named] = [true, false].map((isOwnLogin) => {
        const said = composeMail({ ...withItem({ ...item, reason: null, isOwnLogin }), locale }).text;
        return said.split('\n').find((line) => line.includes('Microsoft') && line.includes('example.com'));
      });
      expect(named).toContain('dan@example.com');
      expect(own).toContain('team@example.com');
      expect(own).not.toContain('dan@example.com');
    }
  });

  test('asks for no sign-in where none would help, and for approval where that is missing', () => {
    const gone = composeMail(
      withItem({ task: 'ask_administrator', reason: 'account_disabled', isAmbiguous: false, link: null }),
    );
    expect(gone.subject).toContain('can no longer be opened');
    expect(gone.text).not.toMatch(/sign in at|connect\/lnk/);
    for (const locale of LOCALES) {
      const rule = { task: 'ask_to_allow', reason: 'admin_policy_enforced', isAmbiguous: false } as const;
      const sample = sampleOf('admin_consent');
      const closed = composeMail({ ...sample, items: [{ ...sample.items[0]!, ...rule }], locale });
      expect(closed.text).toContain('IMAP');
      expect(closed.text).not.toContain(sample.items[0]!.link!);
    }
    const connect = composeMail(sampleOf('new_link', { items: [{ ...withItem({}).items[0]!, mailbox: null }] }));
    expect(connect.subject).toBe('Acme Ltd: your new link to connect a mailbox');
    expect(() => composeMail(sampleOf('digest', { items: [] }))).toThrow(RangeError);
  });
});
