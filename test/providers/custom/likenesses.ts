import type { Likeness } from './certified-server.ts';

/* The providers of the files that ship, as their pages describe them. */

interface Case {
  name: string;
  likeness: Likeness;
  /** The variables that put the server in the provider's place. */
  servers: string[];
  email: (accountId: string) => string;
}

const ofHubSpot = { hub_id: 4711, hub_domain: 'acme.example' };

export const CASES: Case[] = [
  {
    name: 'hubspot',
    servers: ['HUBSPOT_APP_URL', 'HUBSPOT_API_URL'],
    email: (id) => `${id}@acme.example`,
    likeness: {
      routes: {
        authorization: '/oauth/authorize',
        token: '/oauth/2026-03/token',
        revocation: '/oauth/2026-03/token/revoke',
        introspection: '/oauth/2026-03/token/introspect',
      },
      clientAuthentication: 'client_secret_post',
      scopes: ['oauth', 'crm.objects.contacts.read', 'crm.objects.contacts.write'],
      refreshTokens: 'same',
      adds: ({ path, body }) => (path.endsWith('introspect') ? { ...ofHubSpot, user_id: body['sub'] } : {}),
    },
  },
  {
    name: 'mailchimp',
    servers: ['MAILCHIMP_LOGIN_URL'],
    email: (id) => `${id}@mail.example`,
    likeness: {
      routes: { authorization: '/oauth2/authorize', token: '/oauth2/token' },
      clientAuthentication: 'client_secret_post',
      scopes: ['any'],
      refreshTokens: 'none',
      adds: () => ({ expires_in: 0, scope: null }),
      api: {
        paths: ['/oauth2/metadata'],
        scheme: 'OAuth',
        answer: (id) => ({ dc: 'us6', user_id: 12, login: { login_id: id, login_email: `${id}@mail.example` } }),
      },
    },
  },
  {
    name: 'pipedrive',
    servers: ['PIPEDRIVE_OAUTH_URL', 'PIPEDRIVE_API_URL'],
    email: (id) => `${id}@sales.example`,
    likeness: {
      routes: { authorization: '/oauth/authorize', token: '/oauth/token', revocation: '/oauth/revoke' },
      clientAuthentication: 'client_secret_basic',
      scopes: ['base'],
      refreshTokens: 'same',
      adds: () => ({ api_domain: 'https://acme.pipedrive.com' }),
      api: {
        paths: ['/api/v1/users/me'],
        scheme: 'Bearer',
        answer: (id) => ({ success: true, data: { id, company_id: 8, email: `${id}@sales.example` } }),
      },
    },
  },
  {
    name: 'zoho-crm',
    servers: ['ZOHO_CRM_ACCOUNTS_URL', 'ZOHO_CRM_API_URL'],
    email: (id) => `${id}@crm.example`,
    likeness: {
      routes: { authorization: '/oauth/v2/auth', token: '/oauth/v2/token', revocation: '/oauth/v2/token/revoke' },
      clientAuthentication: 'client_secret_post',
      scopes: ['ZohoCRM.users.READ', 'ZohoCRM.modules.READ', 'ZohoCRM.modules.ALL'],
      refreshTokens: 'same',
      adds: () => ({ api_domain: 'https://www.zohoapis.com' }),
      api: {
        paths: ['/crm/v8/users'],
        scheme: 'Zoho-oauthtoken',
        answer: (id) => ({ users: [{ id: `1386586-${id}`, email: `${id}@crm.example` }] }),
      },
    },
  },
];

/** The example of docs/providers-by-file.md. */
export const EXAMPLE: Likeness = {
  routes: { authorization: '/oauth/authorize', token: '/oauth/token', revocation: '/oauth/revoke' },
  clientAuthentication: 'client_secret_post',
  scopes: ['tickets.read', 'tickets.write'],
  refreshTokens: 'rotating',
  adds: ({ issuer }) => ({ api_url: issuer }),
  api: {
    paths: ['/v1/me', '/v1/ping'],
    scheme: 'Bearer',
    answer: (id) => ({ user: { id: `user-${id}`, email: `${id}@desk.example` } }),
  },
};
