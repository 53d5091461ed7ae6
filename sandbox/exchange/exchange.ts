import type { FaultParameters } from '../conditions.ts';
import { TRANSPORT_FAULTS } from '../http-answer.ts';
import { composeMessage } from '../message-factory.ts';
import type {
  AccountSummary,
  EventDescription,
  ProviderDeps,
  ProviderDescription,
  ProviderSettings,
  SandboxProvider,
} from '../provider.ts';
import { SandboxRefusal } from '../refusal.ts';
import { LISTING_FAULTS } from './operations/operation.ts';
import type { AccountRow } from './rows.ts';
import type { RunningExchangeServer } from './server.ts';
import { openExchangeServer } from './server.ts';
import { ExchangeStore } from './store.ts';

const EVENTS: readonly EventDescription[] = [
  { fault: 'password_changed', label: 'Change the password', asks: 'password' },
  { fault: 'session_revoked', label: 'Cut all connections' },
  { fault: 'locked_out', label: 'Lock the account for ten minutes' },
  { fault: 'cursor_expired', label: 'Forget all sync states' },
  { fault: 'server_restarted', label: 'Restart the mailbox server: subscriptions are lost' },
  { fault: 'stream_closed', label: 'End the streams of notifications, as at their time' },
];

const CONDITIONS: readonly string[] = [
  ...TRANSPORT_FAULTS,
  'account_disabled',
  'mailbox_unavailable',
  'extended_protection_required',
  'proxy_ends_tls',
  'server_busy_inside',
  'push_dropped',
  'subscription_refused',
  'streams_exhausted',
  'proxy_buffers',
  'batch_stopped',
  'conversion_failed',
  'content_missing',
  'access_denied',
  'mailbox_full',
  'message_too_large',
  ...LISTING_FAULTS,
];

const ACCOUNT_DETAILS = ['delegates'] as const;

interface Exchange {
  readonly store: ExchangeStore;
  readonly server: RunningExchangeServer;
}

/** Exchange Server on premises: EWS and Autodiscover behind NTLM and Basic, on a port of its own. */
export async function createExchangeProvider(deps: ProviderDeps): Promise<SandboxProvider> {
  const store = new ExchangeStore(deps);
  const server = await openExchangeServer(store);
  const exchange = { store, server };
  const { url, autodiscoverUrl, caFile } = server;
  return {
    name: 'exchange',
    connection: { url, autodiscover_url: autodiscoverUrl, ca_file: caFile },
    environment: { EXCHANGE_AUTODISCOVER_URL: autodiscoverUrl },
    run: { exchange: { url, ca_file: caFile } },
    caFile,
    accountDetails: ACCOUNT_DETAILS,
    ...accountsOf(exchange),
    supports: (fault) => {
      if (EVENTS.some((event) => event.fault === fault)) return 'event';
      return CONDITIONS.includes(fault) ? 'condition' : undefined;
    },
    event: (fault, { email }: FaultParameters) => {
      const accounts = email === undefined ? store.accounts() : [store.requireAccount(email)];
      for (const account of accounts) happen(exchange, fault, account);
    },
    configure,
    describe: () => describe(exchange),
    reset: () => {
      server.connections.hangUp(null);
      server.subscriptions.forget(null);
      store.reset();
    },
    close: async () => {
      await server.close();
      store.tables.close();
    },
  };
}

function accountsOf(
  exchange: Exchange,
): Pick<SandboxProvider, 'putAccount' | 'account' | 'deliver' | 'list' | 'contents' | 'remove' | 'move'> {
  const { store } = exchange;
  const held = (email: string) => store.mailbox(store.requireAccount(email).email).inOrder();
  return {
    putAccount: (email, details) => summarize(exchange, store.putAccount(email, details)),
    account: (email) => {
      const account = store.account(email);
      return account && summarize(exchange, account);
    },
    deliver: (email, request) => store.deliver(email, request).map((row) => store.present(row)),
    list: (email) => held(email).map((row) => store.present(row)),
    *contents(email) {
      for (const row of held(email)) {
        yield { folder: store.present(row).folder, date: new Date(row.spec.date), bytes: composeMessage(row.spec) };
      }
    },
    remove: (email, id) => store.remove(store.requireAccount(email).email, id),
    move: (email, id, folder) => {
      const moved = store.move(store.requireAccount(email).email, id, folder);
      return moved && store.present(moved);
    },
  };
}

function summarize({ store, server }: Exchange, account: AccountRow): AccountSummary {
  const { email, name, tenant, password } = account;
  const messages = store.mailbox(email).inOrder().length;
  return { email, name, tenant, messages, live: server.connections.signedIn(account), password };
}

function happen({ store, server }: Exchange, fault: string, account: AccountRow): void {
  switch (fault) {
    case 'password_changed':
      store.forgetPassword(account);
      server.connections.hangUp(account);
      break;
    case 'session_revoked':
      server.connections.hangUp(account);
      break;
    case 'locked_out':
      store.lockOut(account);
      server.connections.hangUp(account);
      break;
    case 'cursor_expired':
      store.expireSyncStates(account);
      break;
    case 'server_restarted':
      server.subscriptions.forget(account);
      break;
    case 'stream_closed':
      server.subscriptions.close(account);
  }
}

function configure(settings: ProviderSettings): ProviderSettings {
  const named = Object.keys(settings)[0];
  if (named) throw new SandboxRefusal(422, 'unsupported', `an Exchange server with passwords has no ${named}`);
  return {};
}

function describe(exchange: Exchange): ProviderDescription {
  const { url, caFile } = exchange.server;
  return {
    title: 'Exchange',
    live: 'connections',
    events: EVENTS,
    conditions: CONDITIONS,
    accountDetails: ACCOUNT_DETAILS,
    accounts: exchange.store.accounts().map((account) => summarize(exchange, account)),
    server: [
      { label: 'Address', value: url },
      { label: 'Certificate authority', value: caFile },
    ],
  };
}
