import { accountKey } from '../account-key.ts';
import type { FaultParameters } from '../conditions.ts';
import { composeMessage } from '../message-factory.ts';
import { removeScope } from '../oauth/grant-endings.ts';
import { liveGrants } from '../oauth/tokens.ts';
import type { OAuthSettings } from '../oauth/rows.ts';
import type {
  AccountSummary,
  DeliveredMessage,
  ProviderDeps,
  ProviderDescription,
  ProviderSettings,
  SandboxProvider,
} from '../provider.ts';
import { SandboxRefusal } from '../refusal.ts';
import { Router } from 'express';
import { adminConsentTo } from './entra/admin-consent.ts';
import type { EntraClient } from './entra/client.ts';
import { openEntraClient } from './entra/client.ts';
import type { GrantEvent } from './entra/grant-endings.ts';
import { applyGrantEvent, challengeTokens } from './entra/grant-endings.ts';
import { entraRoutes } from './entra/routes.ts';
import { findScope } from './entra/scopes.ts';
import { consentTo, SIGN_IN_FAULTS } from './entra/sign-in.ts';
import { GraphErrors } from './graph/answers.ts';
import { LISTING_FAULTS } from './graph/listing-faults.ts';
import type { LifecycleEvent } from './graph/push.ts';
import { arrivalOf, GraphPush, moveOf, removalOf } from './graph/push.ts';
import { graphRoutes } from './graph/routes.ts';
import { openOutlookImap } from './imap.ts';
import { openOutlookSmtp } from './smtp.ts';
import type { AccountRow } from './rows.ts';
import { MicrosoftStore } from './store.ts';

const EVENTS = [
  { fault: 'password_changed', label: 'Change password' },
  { fault: 'access_revoked', label: 'Revoke access' },
  { fault: 'session_revoked', label: 'Revoke sessions' },
  { fault: 'token_idle_expired', label: 'Let refresh token expire' },
  { fault: 'scope_removed', label: 'Remove a scope', asks: 'scope', example: 'Mail.Read' },
  { fault: 'cursor_expired', label: 'Expire sync state' },
  { fault: 'uidvalidity_changed', label: 'Renumber all messages for IMAP (new UIDVALIDITY)' },
  { fault: 'claims_challenged', label: 'Challenge tokens (CAE)' },
  { fault: 'reauthorization_required', label: 'Ask to reauthorize subscriptions' },
  { fault: 'subscription_removed', label: 'Remove subscriptions' },
  { fault: 'notifications_missed', label: 'Say that notifications were missed' },
] as const;

const ACCOUNT_DETAILS = ['delegates', 'personal', 'upn', 'edov', 'guest_of'] as const;

const CONDITIONS = [
  'unavailable',
  'slow',
  'rate_limited',
  'rubbish',
  'cut_connection',
  'lost_response',
  'account_disabled',
  'mailbox_unavailable',
  'admin_consent_required',
  'mfa_required',
  'conditional_access',
  'app_credentials_invalid',
  'push_dropped',
  'push_duplicated',
  'subscription_refused',
  'sending_switched_off',
  ...LISTING_FAULTS,
];

/** Entra ID and Microsoft Graph, below `/microsoft`. */
export async function createMicrosoftProvider(deps: ProviderDeps): Promise<SandboxProvider> {
  const store = new MicrosoftStore(deps);
  const client = await openEntraClient(deps.dir);
  const base = `${deps.origin}/microsoft`;
  const entra = { store, client };
  const push = new GraphPush(store);
  const imap = await openOutlookImap(store);
  const smtp = await openOutlookSmtp(store);
  const graph = { store, push, address: graphAddress(base), errors: new GraphErrors(deps.clock) };
  return {
    name: 'microsoft',
    connection: connectionTo(base, client),
    environment: {
      ...environmentOf(base, client),
      MICROSOFT_IMAP_SERVER: `${imap.host}:${imap.port}`,
      MICROSOFT_SMTP_SERVER: `${imap.host}:${smtp.port}`,
    },
    run: { imap_oauth: { microsoft: { host: imap.host, port: imap.port, smtp_port: smtp.port } } },
    routes: Router().use(graphRoutes(graph), entraRoutes(entra, base)),
    accountDetails: ACCOUNT_DETAILS,
    ...accountsOf(store, push),
    supports: (fault) => {
      if (EVENTS.some((event) => event.fault === fault)) return 'event';
      return CONDITIONS.includes(fault) ? 'condition' : undefined;
    },
    event: (fault, parameters) => applyEvent({ store, push }, fault, parameters),
    configure: (settings) => configure(store, settings),
    ownsPage: (url) => url.href.startsWith(`${base}/`) && /\/(authorize|adminconsent)$/.test(url.pathname),
    async consent(request) {
      const of = { provider: 'microsoft', kind: 'authorize' as const, email: request.email };
      const held = deps.conditions.take(of, SIGN_IN_FAULTS);
      const open = deps.requests.arrived('microsoft', 'authorize', { email: request.email, operation: 'consent' });
      const redirect_to = consentTo(entra, tenantOf(base, request.authorizationUrl), request, held);
      open.answered(302);
      return { redirect_to };
    },
    async adminConsent(request) {
      const email = request.email ?? null;
      const open = deps.requests.arrived('microsoft', 'authorize', { email, operation: 'admin consent' });
      const redirect_to = adminConsentTo(entra, tenantOf(base, request.url), request);
      open.answered(302);
      return { redirect_to };
    },
    describe: () => describe(store),
    reset: () => {
      push.forget();
      store.reset();
    },
    close: async () => {
      push.close();
      await Promise.all([imap.close(), smtp.close()]);
      store.tables.close();
    },
  };
}

const graphAddress = (base: string) => `${base}/graph/v1.0`;

const environmentOf = (base: string, client: EntraClient) => ({
  MICROSOFT_CLIENT_ID: client.clientId,
  MICROSOFT_CLIENT_SECRET: client.clientSecret,
  MICROSOFT_AUTHORITY_URL: base,
  GRAPH_API_URL: graphAddress(base),
});

/** The part of a page's path that names the tenant. */
function tenantOf(base: string, url: URL): string {
  return decodeURIComponent(url.href.slice(base.length + 1).split(/[/?]/)[0] ?? '');
}

function connectionTo(base: string, client: EntraClient): SandboxProvider['connection'] {
  return {
    client_id: client.clientId,
    client_secret: client.clientSecret,
    client_certificate_file: client.certificateFile,
    authority_url: base,
    authorization_url: `${base}/common/oauth2/v2.0/authorize`,
    token_url: `${base}/common/oauth2/v2.0/token`,
    graph_api_url: graphAddress(base),
  };
}

function accountsOf(
  store: MicrosoftStore,
  push: GraphPush,
): Pick<SandboxProvider, 'putAccount' | 'account' | 'deliver' | 'list' | 'contents' | 'remove' | 'move'> {
  return {
    putAccount: (email, details) => summarize(store, store.putAccount(email, details)),
    account: (email) => {
      const account = store.account(email);
      return account && summarize(store, account);
    },
    deliver: (email, request): readonly DeliveredMessage[] => {
      const rows = store.deliver(email, request);
      push.changed(store.requireAccount(email), rows.flatMap(arrivalOf));
      return rows.map((row) => store.present(row));
    },
    list: (email) => store.list(email),
    *contents(email) {
      for (const row of store.mailbox(email).inOrder()) {
        yield { folder: store.present(row).folder, date: new Date(row.spec.date), bytes: composeMessage(row.spec) };
      }
    },
    remove: (email, id) => {
      const removed = store.remove(email, id);
      if (removed) push.changed(store.requireAccount(email), removalOf(removed));
      return removed !== undefined;
    },
    move: (email, id, folder) => {
      const moved = store.move(email, id, folder);
      if (moved) push.changed(store.requireAccount(email), moveOf(moved));
      return moved && store.present(moved);
    },
  };
}

function summarize(store: MicrosoftStore, account: AccountRow): AccountSummary {
  return {
    email: account.email,
    name: account.name,
    tenant: account.tenant,
    messages: store.mailbox(account.email).newestFirst().length,
    live: liveGrants(store, account.email),
  };
}

/** Events that only say something of subscriptions, in Graph's words. */
const LIFECYCLE_EVENTS: Readonly<Record<string, LifecycleEvent>> = {
  reauthorization_required: 'reauthorizationRequired',
  notifications_missed: 'missed',
};

function applyEvent(
  { store, push }: { store: MicrosoftStore; push: GraphPush },
  fault: string,
  { email, scope }: FaultParameters,
): void {
  const accounts = email === undefined ? [...store.tables.read('accounts').values()] : [store.requireAccount(email)];
  if (fault === 'scope_removed') {
    if (!scope) throw new SandboxRefusal(400, 'scope_missing', 'say which: {"scope": "Mail.Read"}');
    const removed = accounts.map((account) => removeScope(store, account.email, (scopes) => findScope(scopes, scope)));
    if (removed.includes(true)) return;
    throw new SandboxRefusal(409, 'scope_not_granted', `nothing that exists now was granted the scope ${scope}`);
  }
  for (const account of accounts) {
    if (fault === 'cursor_expired') expireSyncState(store, account);
    else if (fault === 'uidvalidity_changed') renumber(store, account);
    else if (fault === 'claims_challenged') challengeTokens(store, account.email);
    else if (fault === 'subscription_removed') push.end(account);
    else if (LIFECYCLE_EVENTS[fault]) push.lifecycle(account, LIFECYCLE_EVENTS[fault]);
    else applyGrantEvent(store, fault as GrantEvent, account.email);
  }
}

function renumber(store: MicrosoftStore, account: AccountRow): void {
  const uid_generation = (account.uid_generation ?? 0) + 1;
  store.tables.commit([['accounts', accountKey(account.email), { ...account, uid_generation }]]);
}

/** Every nextLink and deltaLink that was ever given out is too old from now on. */
function expireSyncState(store: MicrosoftStore, account: AccountRow): void {
  store.tables.commit([['accounts', accountKey(account.email), { ...account, sync_epoch: account.sync_epoch + 1 }]]);
}

function configure(store: MicrosoftStore, settings: ProviderSettings): ProviderSettings {
  const { push_endpoint, push_audience, ...own } = settings;
  if (push_endpoint !== undefined || push_audience !== undefined) {
    const text = 'each subscription of Graph names its own address: it pushes to no other';
    throw new SandboxRefusal(422, 'setting_not_supported', text);
  }
  if (own.refresh_token_life_s !== undefined) {
    throw new SandboxRefusal(422, 'setting_not_supported', 'Entra tells no end of a refresh token');
  }
  const given = Object.entries(own).filter(([, value]) => value !== undefined);
  return store.configure(Object.fromEntries(given) as Partial<OAuthSettings>);
}

function describe(store: MicrosoftStore): ProviderDescription {
  return {
    title: 'Microsoft 365',
    live: 'grants',
    events: EVENTS,
    conditions: CONDITIONS,
    settings: store.settings(),
    accountDetails: ACCOUNT_DETAILS,
    accounts: [...store.tables.read('accounts').values()].map((account) => summarize(store, account)),
  };
}
