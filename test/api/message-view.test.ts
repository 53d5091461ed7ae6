import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { makeSafe } from '../../api/message-view/safe-html.ts';
import { readApart, UnreadableMail } from '../../api/message-view/read-apart.ts';
import type { ViewedMessage } from '../../api/message-view/read-message.ts';

const CRLF = '\r\n';
const PICTURE = randomBytes(900).toString('base64');

const part = (type: string, body: string, more: string[] = []) =>
  ['--b', `Content-Type: ${type}`, ...more, '', body].join(CRLF);
const mail = (...parts: string[]) =>
  Buffer.from(
    [
      'From: Eve <eve@evil.example>',
      'MIME-Version: 1.0',
      'Content-Type: multipart/related; boundary=b',
      '',
      ...parts,
      '--b--',
      '',
    ].join(CRLF),
  );
const html = (body: string) => mail(part('text/html; charset=utf-8', body));
const view = (content: Uint8Array) => readApart<ViewedMessage>({ content, attachment: null });

/** Each does something where a browser takes it as it is. */
const HOSTILE = [
  '<script>alert(1)</script>',
  '<img src=x onerror=alert(1)>',
  '<svg onload=alert(1)><a xlink:href="javascript:alert(1)"><text>x</text></a></svg>',
  '<a href="javascript:alert(1)">x</a><a href="https://evil.example/?me">x</a>',
  '<form action="https://evil.example"><input name=q><button>go</button></form>',
  '<iframe src="https://evil.example"></iframe><object data="x"></object><embed src="x">',
  '<meta http-equiv="refresh" content="0;url=https://evil.example"><base href="https://evil.example">',
  '<link rel=stylesheet href="https://evil.example/x.css"><style>@import "https://evil.example/x.css";</style>',
  '<div style="background:url(https://evil.example/x.png);position:fixed;color:red">x</div>',
  '<p style="width:expression(alert(1))">x</p>',
  '<img src="https://evil.example/pixel.gif"><img src="//evil.example/2.gif"><img srcset="https://evil.example/3.gif 2x">',
  '<img src="data:image/svg+xml;base64,PHN2Zz4="><img src="data:text/html,<script>alert(1)</script>">',
  '<video src="https://evil.example/v"></video><audio src="https://evil.example/a"></audio>',
  '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">',
  '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
  '<textarea><img src=x onerror=alert(1)></textarea>',
];
const ACTS =
  /<(?!\/?(?:a|b|br|div|i|img|p|span|table|tbody|td|tr|h1|font|caption)\b)\w|\son\w+\s*=|javascript:|evil\.example\/(?!\?me)|url\(|expression|@import|position|<img[^>]+src="(?!data:image\/(png|jpeg|gif|webp);)/i;

describe('the HTML of a message', () => {
  test.for(HOSTILE)('loses what acts: %s', (hostile) => {
    const { html: safe } = makeSafe(`<p>before</p>${hostile}<p>after</p>`, new Map());
    expect(safe).not.toMatch(ACTS);
    expect(safe).toContain('before');
  });

  test('keeps words, tables and their looks, names what a link leads to, and counts remote pictures', () => {
    const { html: safe, remoteImages } = makeSafe(
      '<h1 style="color:#123456">Hi</h1><table border=1><tr><td colspan=2 align=right>1</td></tr></table>' +
        '<a href="https://shop.example/">shop</a><img src="https://t.example/1.gif" alt="logo">',
      new Map(),
    );
    expect(safe).toBe(
      '<h1 style="color:#123456">Hi</h1><table border="1"><tr><td colspan="2" align="right">1</td></tr></table>' +
        '<span class="link" title="https://shop.example/">shop</span><span>[logo]</span>',
    );
    expect(remoteImages).toBe(1);
  });
});

describe('a message as a person reads it', () => {
  test('has its own pictures, and lists them and the other attachments', async () => {
    const seen = await view(
      mail(
        part('text/html', '<p>see <img src="cid:one@x" alt="one"></p>'),
        part('image/png', PICTURE, ['Content-ID: <one@x>', 'Content-Transfer-Encoding: base64']),
        part('application/pdf', PICTURE, [
          'Content-Disposition: attachment; filename="../../etc/passwd"',
          'Content-Transfer-Encoding: base64',
        ]),
      ),
    );
    expect(seen.html).toContain(`src="data:image/png;base64,${PICTURE}"`);
    expect(seen.attachments).toMatchObject([
      { number: 1, mediaType: 'image/png', size: 900 },
      { number: 2, name: '../../etc/passwd', mediaType: 'application/pdf', size: 900 },
    ]);
  });

  test('of 10 MB is shown in part, and keeps no one else waiting', async () => {
    let turns = 0;
    const timer = setInterval(() => (turns += 1), 10);
    const seen = await view(html('<div><b>x</b></div>'.repeat(450_000)));
    clearInterval(timer);
    expect(seen.isCut).toBe(true);
    expect(seen.html?.length).toBeGreaterThan(100_000);
    expect(turns).toBeGreaterThan(5);
  });

  test('that takes too much to read is said to be unreadable, and the next is read', async () => {
    const nested = Array.from(
      { length: 300 },
      (_, at) => `--n${at}${CRLF}Content-Type: multipart/mixed; boundary=n${at + 1}${CRLF}`,
    );
    const content = Buffer.from(`Content-Type: multipart/mixed; boundary=n0${CRLF}${CRLF}${nested.join(CRLF)}`);
    await expect(view(content)).rejects.toBeInstanceOf(UnreadableMail);
    expect((await view(html('fine'))).html).toContain('fine');
  });
});
