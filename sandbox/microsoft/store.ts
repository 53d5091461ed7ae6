import { randomBytes, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { accountKey } from '../account-key.ts';
import { newMessages } from '../message-factory.ts';
import type { GrantRules, GrantStore } from '../oauth/grant-store.ts';
import type { OAuthSettings } from '../oauth/rows.ts';
import { liveGrants } from '../oauth/tokens.ts';
import type { AccountDetails, DeliverRequest, DeliveredMessage, ProviderDeps } from '../provider.ts';
import { SandboxRefusal } from '../refusal.ts';
import type { Change, Tables } from '../tables.ts';
import { openTables } from '../tables.ts';
import { CONSUMERS, domainOf, isPersonalAddress, tenantId } from './directory.ts';
import { FolderTree } from './mailbox/folder-tree.ts';
import { leaving, Mailbox, placeOf } from './mailbox/mailbox.ts';
import type { AccountRow, MessageRow, MicrosoftRows } from './rows.ts';
import { DEFAULT_SETTINGS } from './rows.ts';

export type MicrosoftChange = Change<MicrosoftRows>;

const DAY_MS = 24 * 3600_000;

const GRANT_RULES: GrantRules = {
  // https://learn.microsoft.com/entra/identity-platform/refresh-tokens
  idleLifeMs: 90 * DAY_MS,
  remembersDeadTokensMs: 365 * DAY_MS,
  liveGrantsPerAccount: Number.POSITIVE_INFINITY,
  newAccessToken: () => `EwB${randomBytes(120).toString('base64url')}`,
  newRefreshToken: () => `1.A${randomBytes(90).toString('base64url')}`,
};

/** Accounts and mailboxes on top of the journaled rows. */
export class MicrosoftStore implements GrantStore {
  readonly grantRules = GRANT_RULES;
  readonly tables: Tables<MicrosoftRows>;
  readonly deps: ProviderDeps;
  readonly #mailboxes = new Map<string, Mailbox>();
  readonly #syncGenerations = new Map<string, number>();
  readonly #grantsOver: ((account: AccountRow) => void)[] = [];
  readonly #mailChanges: ((email: string) => void)[] = [];

  constructor(deps: ProviderDeps) {
    this.deps = deps;
    this.tables = openTables<MicrosoftRows>(join(deps.dir, 'microsoft.jsonl'), {
      names: [
        ...(['accounts', 'tenants', 'consents', 'codes', 'refresh_tokens', 'access_tokens'] as const),
        ...(['folders', 'messages', 'subscriptions', 'settings'] as const),
      ],
      changed: ([table, , row]) => {
        if (table === 'folders' && row) this.mailbox(row.email).applyFolder(row);
        if (table === 'messages' && row) this.mailbox(row.email).applyMessage(row);
        if (row && (table === 'messages' || table === 'folders' || table === 'accounts')) this.#tellOfMail(row.email);
      },
      keep: (change) => this.#keep(change),
    });
  }

  now(): number {
    return this.deps.clock.now().getTime();
  }

  settings(): OAuthSettings {
    return { ...DEFAULT_SETTINGS, ...this.tables.read('settings').get('settings') };
  }

  configure(settings: Partial<OAuthSettings>): OAuthSettings {
    this.tables.commit([['settings', 'settings', { ...this.tables.read('settings').get('settings'), ...settings }]]);
    return this.settings();
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

  grantsEnded(key: string): void {
    const account = this.account(key);
    if (!account || liveGrants(this, key) > 0) return;
    for (const then of this.#grantsOver) then(account);
  }

  account(email: string): AccountRow | undefined {
    return this.tables.read('accounts').get(accountKey(email));
  }

  /** By address or object id, as `/users/{id}` has it. */
  accountNamed(idOrAddress: string): AccountRow | undefined {
    const byAddress = this.account(idOrAddress);
    if (byAddress) return byAddress;
    const oid = idOrAddress.toLowerCase();
    return [...this.tables.read('accounts').values()].find((account) => account.oid === oid);
  }

  /** @throws SandboxRefusal 404 */
  requireAccount(email: string): AccountRow {
    const account = this.account(email);
    if (account) return account;
    throw new SandboxRefusal(404, 'account_not_found', `Microsoft has no account ${email}: create it with PUT first`);
  }

  putAccount(email: string, details: AccountDetails): AccountRow {
    const before = this.account(email) ?? newAccount(email.trim());
    const personal = details.personal ?? (details.tenant === undefined && before.personal);
    const tenant = personal ? null : (details.tenant ?? before.tenant);
    const account: AccountRow = {
      ...before,
      personal,
      tenant,
      tid: personal ? CONSUMERS : tenantId(tenant ?? domainOf(email)),
      name: details.name ?? before.name,
      password: details.password ?? before.password,
      delegates: details.delegates?.map(accountKey) ?? before.delegates,
      ...(details.upn === undefined ? {} : { upn: details.upn }),
      ...(details.edov === undefined ? {} : { edov: details.edov }),
      ...(details.guest_of === undefined ? {} : { guest_of: details.guest_of.map(tenantId) }),
    };
    const isNew = this.account(email) === undefined;
    const folders = isNew ? this.folderTree(account).founding() : [];
    this.tables.commit([['accounts', accountKey(email), account], ...folders]);
    return account;
  }

  /** What an account is in a tenant that has invited it: a user with an id of its own. Undefined where none has. */
  guestAt(account: AccountRow, tid: string): AccountRow | undefined {
    if (!account.guest_of?.includes(tid)) return undefined;
    const email = `${account.email.replace('@', '_')}#EXT#@${tid}`;
    const known = this.account(email);
    if (known) return known;
    const guest = { ...newAccount(email), tid, personal: false, name: account.name, home: account.email };
    this.tables.commit([['accounts', accountKey(email), guest]]);
    return guest;
  }

  /** The mailbox of an account, empty for one that does not exist. */
  mailbox(email: string): Mailbox {
    const key = accountKey(email);
    const mailbox = this.#mailboxes.get(key) ?? new Mailbox();
    this.#mailboxes.set(key, mailbox);
    return mailbox;
  }

  folderTree(account: AccountRow): FolderTree {
    return new FolderTree(accountKey(account.email), this.mailbox(account.email));
  }

  deliver(email: string, request: DeliverRequest): MessageRow[] {
    const account = this.requireAccount(email);
    const { folder, changes } = this.folderTree(account).ensure(request.folder ?? 'INBOX');
    const first = this.mailbox(email).seq + 1 + changes.length;
    const rows = newMessages(account.email, request, this.deps.clock.now()).map((spec, index): MessageRow => ({
      email: accountKey(email),
      id: newImmutableId(),
      places: [{ folder_id: folder.id, rest_id: newRestId(), from_seq: first + index }],
      spec,
      ...(request.unannounced ? { unannounced: true } : {}),
    }));
    this.tables.commit([...changes, ...rows.map((row): MicrosoftChange => ['messages', row.id, row])]);
    return rows;
  }

  list(email: string): readonly DeliveredMessage[] {
    const account = this.requireAccount(email);
    return this.mailbox(account.email)
      .inOrder()
      .map((row) => this.present(row));
  }

  present(row: MessageRow): DeliveredMessage {
    const tree = this.folderTree(this.requireAccount(row.email));
    const folder = tree.pathOf(placeOf(row)?.folder_id ?? '');
    return { message_id: row.spec.message_id, provider_id: row.id, folder };
  }

  /** Deletes one for good; undefined when there is none. */
  remove(email: string, id: string): MessageRow | undefined {
    const account = this.requireAccount(email);
    const message = this.mailbox(account.email).get(id);
    if (!message) return undefined;
    const to = { seq: this.mailbox(email).seq + 1, reason: 'deleted' as const };
    this.tables.commit([['messages', message.id, { ...message, places: leaving(message, to) }]]);
    return message;
  }

  /** Moves one: its immutable id stays, the other one is new. Undefined when there is none. */
  move(email: string, id: string, path: string): MessageRow | undefined {
    const account = this.requireAccount(email);
    const message = this.mailbox(account.email).get(id);
    if (!message) return undefined;
    const { folder, changes } = this.folderTree(account).ensure(path);
    const seq = this.mailbox(email).seq + 1 + changes.length;
    const arrival = { folder_id: folder.id, rest_id: newRestId(), from_seq: seq + 1 };
    const moved = { ...message, places: [...leaving(message, { seq, reason: 'changed' }), arrival] };
    this.tables.commit([...changes, ['messages', message.id, moved]]);
    return moved;
  }

  /** How many walks through a folder have begun in a mailbox since the start: each makes the state of the others older. */
  syncGeneration({ oid }: AccountRow, begins = 0): number {
    const generation = (this.#syncGenerations.get(oid) ?? 1) + begins;
    this.#syncGenerations.set(oid, generation);
    return generation;
  }

  reset(): void {
    this.#mailboxes.clear();
    this.tables.clear();
  }

  #keep([table, , row]: MicrosoftChange): boolean {
    if (!row) return false;
    const now = this.now();
    if (table === 'access_tokens' || table === 'codes') return row.expires_at > now;
    if (table !== 'refresh_tokens') return true;
    return row.ended === null || row.ended.at + GRANT_RULES.remembersDeadTokensMs > now;
  }
}

function newAccount(email: string): AccountRow {
  const personal = isPersonalAddress(email);
  return {
    email,
    oid: personal ? `00000000-0000-0000-${randomUUID().slice(19)}` : randomUUID(),
    tid: personal ? CONSUMERS : tenantId(domainOf(email)),
    personal,
    name: null,
    tenant: null,
    password: null,
    delegates: [],
    sync_epoch: 0,
    claims_floor: null,
  };
}

function newImmutableId(): string {
  return `AAkALgAAAAAAHYQDEapmEc2byACqAC-EWg0${randomBytes(24).toString('base64url')}AAA`;
}

function newRestId(): string {
  return `AAMkAGRest${randomBytes(45).toString('base64url')}AAA=`;
}
