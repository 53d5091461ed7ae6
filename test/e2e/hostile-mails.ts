const CRLF = '\r\n';

/** Mails that would call `address`, run scripts and leave the page, if a browser took them as they are. */
export function hostileMails(address: string): { raw: string; large: string } {
  const html = [
    '<p>Dear friend, <a href="javascript:top.location=1"><b onclick="alert(1)">the prize</b></a> is yours.</p>',
    `<script>fetch('${address}')</script><img src="${address}&1"><img src=x onerror="fetch('${address}')">`,
    `<img src="//127.0.0.1/&2"><style>body{background:url(${address}&3)}</style><div style="background:url(${address})">.</div>`,
    `<form action="${address}"><input name=key><button>Claim</button></form><iframe src="${address}"></iframe>`,
    `<meta http-equiv=refresh content="0;url=${address}"><svg onload="alert(1)"></svg><base href="${address}">`,
  ].join(CRLF);
  return { raw: mail('You have won', html), large: mail('Very long', '<p>x</p>'.repeat(400_000)) };
}

const mail = (subject: string, html: string): string =>
  [
    `From: =?utf-8?B?${Buffer.from('Eve\u202e').toString('base64')}?= <eve@evil.example>`,
    'To: ana@example.com',
    `Subject: ${subject}`,
    `Message-ID: <${subject.replaceAll(' ', '-')}@evil.example>`,
    `Date: ${new Date().toUTCString().replace('GMT', '+0000')}`,
    'MIME-Version: 1.0',
    'Content-Type: multipart/mixed; boundary=b',
    '',
    '--b',
    'Content-Type: text/html; charset=utf-8',
    '',
    html,
    '--b',
    'Content-Type: text/html',
    'Content-Disposition: attachment; filename="prize.html"',
    'Content-Transfer-Encoding: base64',
    '',
    Buffer.from('<script>alert(1)</script>').toString('base64'),
    '--b--',
    '',
  ].join(CRLF);
