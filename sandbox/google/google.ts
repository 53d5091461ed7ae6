import { accountKey } from '../account-key.ts';
import { composeMessage } from '../message-factory.ts';
import type { RegisteredClient } from '../oauth/client.ts';
import { removeScope } from '../oauth/grant-endings.ts';
import { liveGrants } from '../oauth/tokens.ts';
import type {
  AccountSummary,
  DeliveredMessage,
  ProviderDeps,
  ProviderDescription,
  ProviderSettings,
  SandboxProvider,
} from '../provider.ts';
import { SandboxRefusal } from '../refusal.ts';
import { openGoogleClient } from './oauth/client.ts';
import type { GrantEvent } from './oauth/grant-endings.ts';
import { applyGrantEvent } from './oauth/grant-endings.ts';
import { findScope } from './oauth/scopes.ts';
import { gmailLoginFaults } from '../imap/faults.ts';
import { openGmailImap } from './imap.ts';
import { openGmailSmtp } from './smtp.ts';
import { LISTING_FAULTS } from './listing-faults.ts';
import { GmailPush, PUSH_SERVICE_ACCOUNT } from './push.ts';
import type { SecurityEvents } from './risc/events.ts';
import { openRisc } from './risc/risc.ts';
import { googleRoutes } from './routes.ts';
import type { AccountRow, SettingsRow } from './rows.ts';
import { consentTo, SIGN_IN_FAULTS } from './oauth/sign-in.ts';
import type { GoogleChange } from './store.ts';
import { GoogleStore } from './store.ts';
import type { FaultParameters } from '../conditions.ts';

const EVENTS = [
  { fault: 'password_changed', label: 'Change password' },
  { fault: 'access_revoked', label: 'Revoke access' },
  { fault: 'session_revoked', label: 'End session' },
  { fault: 'token_idle_expired', label: 'Let refresh token expire' },
  { fault: 'scope_removed', label: 'Remove a scope', asks: 'scope', example: 'gmail.readonly' },
  { fault: 'cursor_expired', label: 'Expire history' },
  { fault: 'uidvalidity_changed', label: 'Renumber all messages for IMAP (new UIDVALIDITY)' },
] as const;

const ACCOUNT_DETAILS = ['shows_all_mail'] as const;

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
  'app_credentials_invalid',
  'push_dropped',
  'push_duplicated',
  'subscription_refused',
  ...gmailLoginFaults,
  ...LISTING_FAULTS,
];

const PUBSUB_TOPIC = 'projects/mooring-sandbox/topics/gmail';

/** Google's OAuth and the Gmail API, at Google's own paths. */
export async function createGoogleProvider(deps: ProviderDeps): Promise<SandboxProvider> {
  const store = new GoogleStore(deps);
  const client = openGoogleClient(deps.dir);
  const push = new GmailPush(store, client);
  const risc = openRisc(store, client);
  const imap = await openGmailImap(store);
  const smtp = await openGmailSmtp(store);
  return {
    name: 'google',
    connection: connectionTo(deps.origin, client),
    environment: {
      ...environmentOf(deps, client),
      GOOGLE_IMAP_SERVER: `${imap.host}:${imap.port}`,
      GOOGLE_SMTP_SERVER: `${imap.host}:${smtp.port}`,
      ...risc.environment,
    },
    run: { imap_oauth: { google: { host: imap.host, port: imap.port, smtp_port: smtp.port } } },
    routes: googleRoutes({ store, client }, risc.routes),
    accountDetails: ACCOUNT_DETAILS,
    ...accountsOf(store, push),
    supports: (fault) => {
      if (EVENTS.some((event) => event.fault === fault)) return 'event';
      return CONDITIONS.includes(fault) ? 'condition' : undefined;
    },
    event: (fault, parameters) => applyEvent(store, risc.events, fault, parameters),
    ...risc.control,
    configure: (settings) => configure(store, settings),
    ownsPage: (url) => `${url.origin}${url.pathname}` === `${deps.origin}/google/o/oauth2/v2/auth`,
    async consent(request) {
      if (request.decision === 'needs_admin') {
        throw new SandboxRefusal(
          422,
          'decision_not_supported',
          'Google sends no person back to the app to ask an administrator',
        );
      }
      const of = { provider: 'google', kind: 'authorize' as const, email: request.email };
      const held = deps.conditions.take(of, SIGN_IN_FAULTS);
      const open = deps.requests.arrived('google', 'authorize', { email: request.email, operation: 'consent' });
      const redirect_to = consentTo({ store, client }, request, held);
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
      risc.events.close();
      await Promise.all([imap.close(), smtp.close()]);
      store.tables.close();
    },
  };
}

function connectionTo(origin: string, client: RegisteredClient): SandboxProvider['connection'] {
  return {
    client_id: client.clientId,
    client_secret: client.clientSecret,
    authorization_url: `${origin}/google/o/oauth2/v2/auth`,
    token_url: `${origin}/google/token`,
    revocation_url: `${origin}/google/revoke`,
    userinfo_url: `${origin}/google/userinfo`,
    jwks_url: `${origin}/google/oauth2/v3/certs`,
    gmail_api_url: origin,
    pubsub_topic: PUBSUB_TOPIC,
    pubsub_service_account: PUSH_SERVICE_ACCOUNT,
  };
}

function environmentOf({ origin, pushTo }: ProviderDeps, client: RegisteredClient): Record<string, string> {
  return {
    GOOGLE_CLIENT_ID: client.clientId,
    GOOGLE_CLIENT_SECRET: client.clientSecret,
    GOOGLE_AUTHORIZATION_URL: `${origin}/google/o/oauth2/v2/auth`,
    GOOGLE_TOKEN_URL: `${origin}/google/token`,
    GOOGLE_REVOCATION_URL: `${origin}/google/revoke`,
    GOOGLE_USERINFO_URL: `${origin}/google/userinfo`,
    GOOGLE_JWKS_URL: `${origin}/google/oauth2/v3/certs`,
    GMAIL_API_URL: origin,
    ...(pushTo === undefined
      ? {}
      : {
          GOOGLE_PUBSUB_TOPIC: PUBSUB_TOPIC,
          GOOGLE_PUBSUB_AUDIENCE: pushTo,
          GOOGLE_PUBSUB_SERVICE_ACCOUNT: PUSH_SERVICE_ACCOUNT,
        }),
  };
}

function accountsOf(
  store: GoogleStore,
  push: GmailPush,
): Pick<SandboxProvider, 'putAccount' | 'account' | 'deliver' | 'list' | 'contents' | 'remove'> {
  return {
    putAccount: (email, details) => summarize(store, store.putAccount(email, details)),
    account: (email) => {
      const account = store.account(email);
      return account && summarize(store, account);
    },
    deliver: (email, request): readonly DeliveredMessage[] => {
      const delivered = store.deliver(email, request);
      const labels = store.mailbox(email).get(delivered[0]?.provider_id ?? '')?.label_ids;
      push.changed(store.requireAccount(email), labels ?? []);
      return delivered;
    },
    list: (email) => store.list(email),
    *contents(email) {
      for (const row of store.mailbox(email).inOrder()) {
        const { folder } = store.delivered(row);
        yield { folder, date: new Date(row.spec.date), bytes: composeMessage(row.spec) };
      }
    },
    remove: (email, id) => {
      const labels = store.mailbox(email).get(id)?.label_ids;
      const removed = store.remove(email, id);
      if (removed) push.changed(store.requireAccount(email), labels ?? []);
      return removed;
    },
  };
}

function summarize(store: GoogleStore, account: AccountRow): AccountSummary {
  return {
    email: account.email,
    name: account.name,
    tenant: account.tenant,
    messages: store.mailbox(account.email).newestFirst().length,
    live: liveGrants(store, account.email),
  };
}

function applyEvent(
  store: GoogleStore,
  events: SecurityEvents,
  fault: string,
  { email, scope }: FaultParameters,
): void {
  const accounts = email === undefined ? [...store.tables.read('accounts').values()] : [store.requireAccount(email)];
  if (fault === 'scope_removed') {
    if (!scope) throw new SandboxRefusal(400, 'scope_missing', 'say which: {"scope": "gmail.readonly"}');
    const removed = accounts.map((account) => removeScope(store, account.email, (scopes) => findScope(scopes, scope)));
    if (removed.includes(true)) return;
    throw new SandboxRefusal(409, 'scope_not_granted', `nothing that exists now was granted the scope ${scope}`);
  }
  for (const account of accounts) {
    if (fault === 'cursor_expired') expireHistory(store, account);
    else if (fault === 'uidvalidity_changed') renumber(store, account);
    else {
      applyGrantEvent(store, fault as GrantEvent, account.email);
      events.happened(fault, account);
    }
  }
}

function renumber(store: GoogleStore, account: AccountRow): void {
  const uid_generation = (account.uid_generation ?? 0) + 1;
  store.tables.commit([['accounts', accountKey(account.email), { ...account, uid_generation }]]);
}

/** Every history id that was ever told is too old from now on. */
function expireHistory(store: GoogleStore, account: AccountRow): void {
  const change: GoogleChange = [
    'accounts',
    accountKey(account.email),
    { ...account, history_floor: store.historyId(account) + 1 },
  ];
  store.tables.commit([change]);
}

function configure(store: GoogleStore, settings: ProviderSettings): ProviderSettings {
  const given = Object.entries(settings).filter(([, value]) => value !== undefined);
  return store.configure(Object.fromEntries(given) as Partial<SettingsRow>);
}

function describe(store: GoogleStore): ProviderDescription {
  return {
    title: 'Google',
    live: 'grants',
    events: EVENTS,
    conditions: CONDITIONS,
    settings: store.settings(),
    accounts: [...store.tables.read('accounts').values()].map((account) => summarize(store, account)),
  };
}
