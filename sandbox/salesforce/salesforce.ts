import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { accountKey } from '../account-key.ts';
import type { FaultParameters } from '../conditions.ts';
import { TRANSPORT_FAULTS } from '../http-answer.ts';
import { composeMessage } from '../message-factory.ts';
import type { RegisteredClient } from '../oauth/client.ts';
import { openClient } from '../oauth/client.ts';
import { endTokens, removeScope } from '../oauth/grant-endings.ts';
import type { OAuthSettings } from '../oauth/rows.ts';
import { liveGrants } from '../oauth/tokens.ts';
import type {
  AccountSummary,
  EventDescription,
  ProviderDeps,
  ProviderDescription,
  ProviderSettings,
  SandboxProvider,
} from '../provider.ts';
import { SandboxRefusal } from '../refusal.ts';
import { consentTo, SIGN_IN_FAULTS } from './oauth/sign-in.ts';
import type { Salesforce } from './oauth/sign-in.ts';
import { REST_FAULTS } from './rest/api.ts';
import { Locators } from './rest/locators.ts';
import { salesforceRoutes } from './routes.ts';
import type { AccountRow, RecordRow } from './rows.ts';
import { present, SalesforceStore, TRANSACTION_OPEN } from './store.ts';

const EVENTS: readonly EventDescription[] = [
  { fault: 'password_changed', label: 'Change password' },
  { fault: 'access_revoked', label: 'Revoke access' },
  { fault: 'session_revoked', label: 'End all sessions' },
  { fault: 'token_idle_expired', label: 'Let refresh token expire' },
  { fault: 'scope_removed', label: 'Remove a scope', asks: 'scope', example: 'api' },
  { fault: 'cursor_expired', label: 'Forget what changed until now' },
];

const CONDITIONS: readonly string[] = [
  ...TRANSPORT_FAULTS,
  'app_credentials_invalid',
  'admin_consent_required',
  'conditional_access',
  ...REST_FAULTS,
  TRANSACTION_OPEN,
];

const ACCOUNT_DETAILS = ['instance', 'org'] as const;

/** Salesforce's logins and the REST API of its instances, below `/salesforce`. */
export function createSalesforceProvider(deps: ProviderDeps): SandboxProvider {
  const store = new SalesforceStore(deps);
  const client = openClient(join(deps.dir, 'salesforce-client.json'), () => ({
    client_id: `3MVG9${randomBytes(48).toString('base64url').replaceAll('-', '.')}`,
    client_secret: randomBytes(32).toString('hex').toUpperCase(),
  }));
  const salesforce: Salesforce = { store, client, base: `${deps.origin}/salesforce` };
  const locators = new Locators();
  const { base } = salesforce;
  return {
    name: 'salesforce',
    connection: connectionTo(base, client),
    environment: {
      SALESFORCE_CLIENT_ID: client.clientId,
      SALESFORCE_CLIENT_SECRET: client.clientSecret,
      SALESFORCE_LOGIN_URL: `${base}/login`,
    },
    routes: salesforceRoutes(salesforce, locators),
    accountDetails: ACCOUNT_DETAILS,
    objects: ['Task'],
    ...accountsOf(store),
    supports: (fault) => {
      if (EVENTS.some((event) => event.fault === fault)) return 'event';
      return CONDITIONS.includes(fault) ? 'condition' : undefined;
    },
    event: (fault, parameters) => happen(store, fault, parameters),
    configure: (settings) => configure(store, settings),
    ownsPage: (url) => url.href.startsWith(`${base}/`) && url.pathname.endsWith('/services/oauth2/authorize'),
    async consent(request) {
      if (request.decision === 'needs_admin') {
        const text = 'Salesforce sends no person back to the app to ask an administrator';
        throw new SandboxRefusal(422, 'decision_not_supported', text);
      }
      const of = { provider: 'salesforce', kind: 'authorize' as const, email: request.email };
      const held = deps.conditions.take(of, SIGN_IN_FAULTS);
      const open = deps.requests.arrived('salesforce', 'authorize', { email: request.email, operation: 'consent' });
      const host = request.authorizationUrl.href.slice(base.length + 1).split('/')[0] ?? '';
      const redirect_to = consentTo(salesforce, host, request, held);
      open.answered(302);
      return { redirect_to };
    },
    describe: () => describe(store),
    reset: () => {
      locators.clear();
      store.reset();
    },
    close: () => {
      store.tables.close();
      return Promise.resolve();
    },
  };
}

const connectionTo = (base: string, client: RegisteredClient): SandboxProvider['connection'] => ({
  client_id: client.clientId,
  client_secret: client.clientSecret,
  login_url: `${base}/login`,
  test_login_url: `${base}/test`,
  authorization_url: `${base}/login/services/oauth2/authorize`,
  token_url: `${base}/login/services/oauth2/token`,
});

function accountsOf(
  store: SalesforceStore,
): Pick<SandboxProvider, 'putAccount' | 'account' | 'deliver' | 'list' | 'contents' | 'remove'> {
  return {
    putAccount: (email, details) => summarize(store, store.putAccount(email, details)),
    account: (email) => {
      const account = store.account(email);
      return account && summarize(store, account);
    },
    deliver: (email, request) => store.deliver(email, request),
    list: (email) => store.held(email).map(present),
    *contents(email) {
      for (const row of store.held(email)) {
        if (row.spec) yield { folder: row.object, date: new Date(row.spec.date), bytes: composeMessage(row.spec) };
      }
    },
    remove: (email, id) => {
      const row = store.held(email).find((one) => one.id === id);
      if (row) deleteWithTask(store, row);
      return row !== undefined;
    },
  };
}

function deleteWithTask(store: SalesforceStore, row: RecordRow): void {
  const task = store.record(String(row.fields['ActivityId'] ?? ''));
  for (const one of [row, ...(task ? [task] : [])]) store.delete(one);
}

function summarize(store: SalesforceStore, account: AccountRow): AccountSummary {
  const { email, name, org } = account;
  return { email, name, tenant: org, messages: store.held(email).length, live: liveGrants(store, email) };
}

function happen(store: SalesforceStore, fault: string, { email, scope }: FaultParameters): void {
  const accounts = email === undefined ? store.accounts() : [store.requireAccount(email)];
  if (fault === 'scope_removed') {
    if (!scope) throw new SandboxRefusal(400, 'scope_missing', 'say which: {"scope": "api"}');
    const find = (scopes: readonly string[]): string | undefined => scopes.find((one) => one === scope);
    if (accounts.map((account) => removeScope(store, account.email, find)).includes(true)) return;
    throw new SandboxRefusal(409, 'scope_not_granted', `nothing that exists now was granted the scope ${scope}`);
  }
  for (const account of accounts) happenTo(store, fault, account);
}

function happenTo(store: SalesforceStore, fault: string, account: AccountRow): void {
  const key = accountKey(account.email);
  const matches = (row: { email: string }): boolean => row.email === key;
  switch (fault) {
    case 'access_revoked':
      return endTokens(store, { matches, how: 'revoked', more: [['consents', key, null]] });
    case 'password_changed':
      return endTokens(store, { matches, how: 'password' });
    case 'token_idle_expired':
      return endTokens(store, { matches, how: 'idle', accessToken: () => undefined });
    // The grant stays: a refresh brings another session.
    case 'session_revoked': {
      const sessions = [...store.tables.read('access_tokens')].filter(([, row]) => matches(row));
      return store.tables.commit(sessions.map(([token]) => ['access_tokens', token, null] as const));
    }
    case 'cursor_expired':
      return store.save({ ...account, replicated_from: store.now() });
  }
}

function configure(store: SalesforceStore, settings: ProviderSettings): ProviderSettings {
  const { push_endpoint, push_audience, refresh_token_life_s, ...own } = settings;
  if (push_endpoint !== undefined || push_audience !== undefined) {
    throw new SandboxRefusal(422, 'setting_not_supported', 'the REST API pushes nothing');
  }
  if (refresh_token_life_s !== undefined) {
    throw new SandboxRefusal(422, 'setting_not_supported', 'Salesforce tells no end of a refresh token');
  }
  const given = Object.entries(own).filter(([, value]) => value !== undefined);
  return store.configure(Object.fromEntries(given) as Partial<OAuthSettings>);
}

function describe(store: SalesforceStore): ProviderDescription {
  return {
    title: 'Salesforce',
    live: 'grants',
    events: EVENTS,
    conditions: [...CONDITIONS],
    settings: store.settings(),
    accountDetails: ACCOUNT_DETAILS,
    accounts: store.accounts().map((account) => summarize(store, account)),
  };
}
