import { randomBytes, randomInt } from 'node:crypto';
import { join } from 'node:path';
import { accountKey } from '../account-key.ts';
import { newMessages } from '../message-factory.ts';
import type { GrantRules, GrantStore } from '../oauth/grant-store.ts';
import { liveGrants } from '../oauth/tokens.ts';
import type { AccountDetails, DeliverRequest, DeliveredMessage, ProviderDeps } from '../provider.ts';
import { SandboxRefusal } from '../refusal.ts';
import type { Change, Tables } from '../tables.ts';
import { openTables } from '../tables.ts';
import { folderName, labelFor, SYSTEM_LABELS } from './labels.ts';
import { HISTORY_START, Mailbox } from './mailbox.ts';
import type { AccountRow, GoogleRows, MessageRow, SettingsRow } from './rows.ts';
import { DEFAULT_SETTINGS } from './rows.ts';

export type GoogleChange = Change<GoogleRows>;

const GRANT_RULES: GrantRules = {
  // https://developers.google.com/identity/protocols/oauth2#expiration
  idleLifeMs: 180 * 24 * 3600_000,
  // Google changes its words then.
  remembersDeadTokensMs: 12 * 3600_000,
  liveGrantsPerAccount: 100,
  newAccessToken: () => `ya29.a0${randomBytes(90).toString('base64url')}`,
  newRefreshToken: () => `1//0${randomBytes(64).toString('base64url')}`,
};

/** Accounts and mailboxes on top of the journaled rows. */
export class GoogleStore implements GrantStore {
  readonly grantRules = GRANT_RULES;
  readonly tables: Tables<GoogleRows>;
  readonly deps: ProviderDeps;
  readonly #mailboxes = new Map<string, Mailbox>();
  readonly #grantsOver: ((account: AccountRow) => void)[] = [];
  readonly #mailChanges: ((email: string) => void)[] = [];

  constructor(deps: ProviderDeps) {
    this.deps = deps;
    this.tables = openTables<GoogleRows>(join(deps.dir, 'google.jsonl'), {
      names: ['accounts', 'consents', 'codes', 'refresh_tokens', 'access_tokens', 'labels', 'messages', 'settings'],
      changed: ([table, , row]) => {
        if (table === 'messages' && row) this.mailbox(row.email).apply(row);
        if (row && (table === 'messages' || table === 'accounts' || table === 'labels')) this.#tellOfMail(row.email);
      },
      keep: (change) => this.#keep(change),
    });
  }

  now(): number {
    return this.deps.clock.now().getTime();
  }

  settings(): SettingsRow {
    const push_endpoint = this.deps.pushTo ?? null;
    return { ...DEFAULT_SETTINGS, push_endpoint, ...this.tables.read('settings').get('settings') };
  }

  configure(settings: Partial<SettingsRow>): SettingsRow {
    this.tables.commit([['settings', 'settings', { ...this.tables.read('settings').get('settings'), ...settings }]]);
    return this.settings();
  }

  account(email: string): AccountRow | undefined {
    return this.tables.read('accounts').get(accountKey(email));
  }

  /** @throws SandboxRefusal 404 */
  requireAccount(email: string): AccountRow {
    const account = this.account(email);
    if (account) return account;
    throw new SandboxRefusal(404, 'account_not_found', `Google has no account ${email}: create it with PUT first`);
  }

  putAccount(email: string, details: AccountDetails): AccountRow {
    const before = this.account(email) ?? newAccount(email.trim());
    const account: AccountRow = {
      ...before,
      name: details.name ?? before.name,
      tenant: details.tenant ?? before.tenant,
      password: details.password ?? before.password,
      ...(details.shows_all_mail === undefined ? {} : { shows_all_mail: details.shows_all_mail }),
    };
    this.tables.commit([['accounts', accountKey(email), account]]);
    return account;
  }

  /** Runs when the last grant of an account has ended. */
  whenGrantsAreOver(then: (account: AccountRow) => void): void {
    this.#grantsOver.push(then);
  }

  /** Runs when a mailbox may show something else; it is named by its key. */
  whenMailChanges(then: (email: string) => void): void {
    this.#mailChanges.push(then);
  }

  #tellOfMail(email: string): void {
    for (const then of this.#mailChanges) then(accountKey(email));
  }

  /** A watch ends with the grant that made it, without a notice. */
  grantsEnded(key: string): void {
    const account = this.account(key);
    if (!account || liveGrants(this, key) > 0) return;
    for (const then of this.#grantsOver) then(account);
    if (!account.watch) return;
    this.tables.commit([['accounts', key, { ...account, watch: null }]]);
  }

  /** The mailbox of an account, empty for one that does not exist. */
  mailbox(email: string): Mailbox {
    const key = accountKey(email);
    const mailbox = this.#mailboxes.get(key) ?? new Mailbox();
    this.#mailboxes.set(key, mailbox);
    return mailbox;
  }

  historyId(account: AccountRow): number {
    return this.mailbox(account.email).historyId(account.history_floor);
  }

  deliver(email: string, request: DeliverRequest): readonly DeliveredMessage[] {
    const account = this.requireAccount(email);
    const label = labelFor(request.folder ?? 'INBOX', this.userLabels(account));
    const labels = new Set([label.id, ...(['DRAFT', 'SENT'].includes(label.id) ? [] : ['UNREAD'])]);
    const first = this.historyId(account) + 1;
    const rows = newMessages(account.email, request, this.deps.clock.now()).map((spec, index): MessageRow => ({
      email: accountKey(email),
      id: newMessageId(),
      label_ids: [...labels],
      history_id: first + index,
      spec,
      ...(request.unannounced ? { unannounced: true } : {}),
    }));
    const changes: GoogleChange[] = rows.map((row) => ['messages', row.id, row]);
    if (!SYSTEM_LABELS.includes(label.id)) {
      changes.unshift(['labels', `${accountKey(email)}/${label.id}`, { email: accountKey(email), ...label }]);
    }
    this.tables.commit(changes);
    return rows.map((row) => this.delivered(row));
  }

  list(email: string): readonly DeliveredMessage[] {
    const account = this.requireAccount(email);
    const names = this.#labelNames(account);
    return this.mailbox(account.email)
      .inOrder()
      .map((row) => presentMessage(row, names));
  }

  delivered(row: MessageRow): DeliveredMessage {
    return presentMessage(row, this.#labelNames(this.requireAccount(row.email)));
  }

  /** Deletes one for good; false when there is none. */
  remove(email: string, id: string): boolean {
    const account = this.requireAccount(email);
    const message = this.mailbox(account.email).get(id);
    if (!message) return false;
    const deleted = { ...message, deleted_at_history_id: this.historyId(account) + 1 };
    this.tables.commit([['messages', id, deleted]]);
    return true;
  }

  userLabels(account: AccountRow): readonly { id: string; name: string }[] {
    const key = accountKey(account.email);
    return [...this.tables.read('labels').values()].filter((label) => label.email === key);
  }

  #labelNames(account: AccountRow): ReadonlyMap<string, string> {
    return new Map(this.userLabels(account).map(({ id, name }) => [id, name]));
  }

  reset(): void {
    this.#mailboxes.clear();
    this.tables.clear();
  }

  #keep([table, , row]: GoogleChange): boolean {
    if (!row) return false;
    const now = this.now();
    if (table === 'access_tokens' || table === 'codes') return row.expires_at > now;
    if (table !== 'refresh_tokens') return true;
    return row.ended === null || row.ended.at + GRANT_RULES.remembersDeadTokensMs > now;
  }
}

function presentMessage(row: MessageRow, names: ReadonlyMap<string, string>): DeliveredMessage {
  return { message_id: row.spec.message_id, provider_id: row.id, folder: folderName(row.label_ids, names) };
}

function newAccount(email: string): AccountRow {
  const sub = `1${Array.from({ length: 20 }, () => randomInt(10)).join('')}`;
  return { email, sub, name: null, tenant: null, password: null, history_floor: HISTORY_START, watch: null };
}

/** Sixteen hexadecimal digits, as Gmail's; the first never 0. */
function newMessageId(): string {
  return `1${randomBytes(8).toString('hex').slice(1)}`;
}
