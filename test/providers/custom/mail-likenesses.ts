import type { Likeness } from './certified-server.ts';

/* The providers of the files that open mailboxes over IMAP, as their pages describe them. */

export interface MailCase {
  name: string;
  label: string;
  likeness: Likeness;
  /** The variables that put the server in the provider's place. */
  servers: string[];
  /** Whether the file grants `send`. */
  sends: boolean;
}

const MAIL_DOMAIN = 'mail.example';
export const mailboxOf = (accountId: string) => `${accountId}@${MAIL_DOMAIN}`;

export const MAIL_CASES: MailCase[] = [
  {
    name: 'yahoo',
    label: 'Yahoo',
    servers: ['YAHOO_LOGIN_URL'],
    sends: true,
    likeness: {
      routes: { authorization: '/oauth2/request_auth', token: '/oauth2/get_token' },
      clientAuthentication: 'client_secret_basic',
      scopes: ['openid', 'email', 'mail-r', 'mail-w'],
      refreshTokens: 'same',
      api: {
        paths: ['/openid/v1/userinfo'],
        scheme: 'Bearer',
        answer: (id) => ({ sub: id, email: mailboxOf(id) }),
      },
    },
  },
  {
    name: 'fastmail',
    label: 'Fastmail',
    servers: ['FASTMAIL_API_URL'],
    sends: true,
    likeness: {
      routes: { authorization: '/oauth/authorize', token: '/oauth/refresh', revocation: '/oauth/revoke' },
      clientAuthentication: 'none',
      scopes: [
        'urn:ietf:params:jmap:core',
        'https://www.fastmail.com/dev/protocol-imap',
        'https://www.fastmail.com/dev/protocol-smtp',
      ],
      refreshTokens: 'rotating',
      api: { paths: ['/jmap/session'], scheme: 'Bearer', answer: (id) => ({ username: mailboxOf(id) }) },
    },
  },
  {
    name: 'zoho-mail',
    label: 'Zoho Mail',
    servers: ['ZOHO_MAIL_ACCOUNTS_URL', 'ZOHO_MAIL_API_URL'],
    sends: false,
    likeness: {
      routes: { authorization: '/oauth/v2/auth', token: '/oauth/v2/token', revocation: '/oauth/v2/token/revoke' },
      clientAuthentication: 'client_secret_post',
      scopes: ['ZohoMail.accounts.READ', 'ZOHOMAIL.PROTOCOL.IMAP'],
      refreshTokens: 'same',
      api: {
        paths: ['/api/accounts'],
        scheme: 'Zoho-oauthtoken',
        answer: (id) => ({
          status: { code: 200 },
          data: [
            {
              accountId: `9007199254740993-${id}`,
              incomingUserName: mailboxOf(id),
              primaryEmailAddress: mailboxOf(id),
            },
          ],
        }),
      },
    },
  },
];
