import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { accountKey } from '../account-key.ts';
import type { MessageSpec } from '../message-factory.ts';
import { newMessages } from '../message-factory.ts';
import type { GrantRules, GrantStore } from '../oauth/grant-store.ts';
import type { AccessTokenRow, OAuthSettings } from '../oauth/rows.ts';
import { accessToken } from '../oauth/tokens.ts';
import type { AccountDetails, DeliverRequest, DeliveredMessage, ProviderDeps } from '../provider.ts';
import { SandboxRefusal } from '../refusal.ts';
import type { Change, Tables } from '../tables.ts';
import { openTables } from '../tables.ts';
import { newId } from './ids.ts';
import type { AccountRow, FieldValue, FileObject, ObjectName, RecordRow, SalesforceRows } from './rows.ts';
import { DEFAULT_SETTINGS } from './rows.ts';

type SalesforceChange = Change<SalesforceRows>;

const DAY_MS = 24 * 3600_000;
/** A fault: records are stamped as they are made, and committed when it ends. */
export const TRANSACTION_OPEN = 'transaction_open';
/** The status of a mail that is not sent yet. */
const DRAFT = '5';

const GRANT_RULES: GrantRules = {
  // An unused refresh token ends after 30 days at most, and a sixth approval ends the oldest.
  idleLifeMs: 30 * DAY_MS,
  remembersDeadTokensMs: 365 * DAY_MS,
  liveGrantsPerAccount: 5,
  newAccessToken: () => `00D5f000000sand!AQ4${randomBytes(60).toString('base64url').replaceAll('-', '.')}`,
  newRefreshToken: () => `5Aep861${randomBytes(60).toString('base64url').replaceAll('-', '.')}`,
};

/** Users, their organizations' records, and grants. */
export class SalesforceStore implements GrantStore {
  readonly grantRules = GRANT_RULES;
  readonly tables: Tables<SalesforceRows>;
  readonly deps: ProviderDeps;
  /** By organization, in order of creation. */
  readonly #records = new Map<string, Map<string, RecordRow>>();
  /** Requests of an organization in the last 24 hours, as its limits count them. */
  readonly #usage = new Map<string, { since: number; count: number }>();

  constructor(deps: ProviderDeps) {
    this.deps = deps;
    this.tables = openTables<SalesforceRows>(join(deps.dir, 'salesforce.jsonl'), {
      names: ['accounts', 'consents', 'codes', 'refresh_tokens', 'access_tokens', 'records', 'settings'],
      changed: ([table, , row]) => {
        if (table === 'records' && row) this.#recordsOf(row.org).set(row.id, row);
      },
      keep: (change) => this.#keep(change),
    });
  }

  now(): number {
    return this.deps.clock.now().getTime();
  }

  /** Salesforce dates everything in whole seconds. */
  second(): number {
    return Math.floor(this.now() / 1000) * 1000;
  }

  settings(): OAuthSettings {
    return { ...DEFAULT_SETTINGS, ...this.tables.read('settings').get('settings') };
  }

  configure(settings: Partial<OAuthSettings>): OAuthSettings {
    this.tables.commit([['settings', 'settings', { ...this.tables.read('settings').get('settings'), ...settings }]]);
    return this.settings();
  }

  grantsEnded(): void {}

  account(email: string): AccountRow | undefined {
    return this.tables.read('accounts').get(accountKey(email));
  }

  accounts(): readonly AccountRow[] {
    return [...this.tables.read('accounts').values()];
  }

  /** @throws SandboxRefusal 404 */
  requireAccount(email: string): AccountRow {
    const account = this.account(email);
    if (account) return account;
    throw new SandboxRefusal(404, 'account_not_found', `Salesforce has no user ${email}: create it with PUT first`);
  }

  /** Without `org` and `tenant`, a new user is alone in an organization. */
  putAccount(email: string, details: AccountDetails): AccountRow {
    const before = this.account(email) ?? newAccount(email.trim());
    const account: AccountRow = {
      ...before,
      org: details.org ?? details.tenant ?? before.org,
      instance: details.instance ?? before.instance,
      name: details.name ?? before.name,
      password: details.password ?? before.password,
    };
    this.save(account);
    return account;
  }

  save(account: AccountRow): void {
    this.tables.commit([['accounts', accountKey(account.email), account]]);
  }

  /** The session of an access token. Its use in the second half of its life begins that life anew. */
  session(token: string): AccessTokenRow | undefined {
    const row = accessToken(this, token);
    if (!row) return undefined;
    const lifeMs = this.settings().token_life_s * 1000;
    if (row.expires_at - this.now() > lifeMs / 2) return row;
    const longer = { ...row, expires_at: this.now() + lifeMs };
    this.tables.commit([['access_tokens', token, longer]]);
    return longer;
  }

  /** Counts a request of an organization; answers with those of its last 24 hours. */
  countRequest(org: string): number {
    const usage = this.#usage.get(org);
    const isOver = usage === undefined || this.now() - usage.since > DAY_MS;
    const now = isOver ? { since: this.now(), count: 1 } : { ...usage, count: usage.count + 1 };
    this.#usage.set(org, now);
    return now.count;
  }

  record(id: string): RecordRow | undefined {
    return this.tables.read('records').get(id);
  }

  records(org: string, object: ObjectName): RecordRow[] {
    const open = this.#openTransactions();
    return [...this.#recordsOf(org).values()].filter((row) => row.object === object && !isOpen(row, open));
  }

  /** The start of the longest open transaction; every record that is stamped before it can be seen. */
  coveredUntil(org: string, object: ObjectName): number {
    const open = this.#openTransactions();
    const rows = open.length === 0 ? [] : [...this.#recordsOf(org).values()];
    const stamps = rows.filter((row) => row.object === object && isOpen(row, open)).map(({ stamp }) => stamp);
    return Math.min(this.second(), ...stamps);
  }

  #openTransactions(): string[] {
    const all = this.deps.conditions.list();
    return all
      .filter(({ provider, fault }) => provider === 'salesforce' && fault === TRANSACTION_OPEN)
      .map(({ id }) => id);
  }

  create(account: AccountRow, object: ObjectName, fields: RecordRow['fields']): RecordRow {
    const [row, ...others] = this.#newRecord(account, object, fields);
    this.#save([row, ...others]);
    return row;
  }

  /** A file of a record, which then says that it has one. */
  createFile({ org, user_id }: AccountRow, file: FileRow, parent: string): string {
    const at = this.second();
    const common = { org, created_at: at, modified_at: at, stamp: at, created_by: user_id, deleted_at: null };
    this.#save([{ ...common, ...file }]);
    const owner = this.record(parent);
    if (owner?.object === 'EmailMessage') this.change(owner, { HasAttachment: true });
    return file.id;
  }

  change(row: RecordRow, fields: Readonly<Record<string, FieldValue>>): void {
    this.#save([{ ...row, stamp: this.second(), modified_at: this.second(), fields: { ...row.fields, ...fields } }]);
  }

  delete(row: RecordRow): void {
    this.#save([{ ...row, stamp: this.second(), deleted_at: this.second() }]);
  }

  deliver(email: string, request: DeliverRequest): DeliveredMessage[] {
    const account = this.requireAccount(email);
    const status = /^drafts?$/i.test(request.folder ?? '') ? DRAFT : '0';
    const made = newMessages(account.email, request, this.deps.clock.now()).map((spec) =>
      request.object === 'Task'
        ? this.#newRecord(account, 'Task', {
            Subject: spec.subject,
            Status: 'Not Started',
            ActivityDate: day(spec.date),
          })
        : this.#newRecord(account, 'EmailMessage', { Status: status, Incoming: status !== DRAFT }, spec),
    );
    this.#save(made.flat());
    return made.map(([row]) => present(row));
  }

  /** What people made: the Task of a mail is not counted. */
  held(email: string): RecordRow[] {
    const { org } = this.requireAccount(email);
    return [...this.#recordsOf(org).values()].filter(
      ({ object, deleted_at, fields }) => deleted_at === null && isMade(object) && fields['TaskSubtype'] !== 'Email',
    );
  }

  reset(): void {
    this.#records.clear();
    this.#usage.clear();
    this.tables.clear();
  }

  #recordsOf(org: string): Map<string, RecordRow> {
    const records = this.#records.get(org) ?? new Map<string, RecordRow>();
    this.#records.set(org, records);
    return records;
  }

  #save(rows: readonly RecordRow[]): void {
    this.tables.commit(rows.map((row): SalesforceChange => ['records', row.id, row]));
  }

  /** Enhanced Email logs each sent or received mail as a Task too; the mail names its Task. */
  #newRecord(
    { org, user_id }: AccountRow,
    object: ObjectName,
    fields: RecordRow['fields'],
    spec?: MessageSpec,
  ): readonly [RecordRow, ...RecordRow[]] {
    const at = this.second();
    const created_at = spec ? Math.floor(Date.parse(spec.date) / 1000) * 1000 : at;
    const [transaction] = this.#openTransactions();
    const common = {
      org,
      created_at,
      modified_at: created_at,
      stamp: at,
      created_by: user_id,
      deleted_at: null,
      ...(transaction === undefined ? {} : { transaction }),
    };
    const mail = { ...common, object, id: newId(object === 'Task' ? '00T' : '02s'), fields, ...(spec ? { spec } : {}) };
    if (object === 'Task' || fields['Status'] === DRAFT) return [mail];
    const Subject = `Email: ${spec?.subject ?? fields['Subject'] ?? ''}`;
    const logged = { Subject, TaskSubtype: 'Email', Status: 'Completed' };
    const task: RecordRow = { ...common, object: 'Task', id: newId('00T'), fields: logged };
    return [{ ...mail, fields: { ...fields, ActivityId: task.id } }, task];
  }

  #keep([table, , row]: SalesforceChange): boolean {
    if (!row) return false;
    const now = this.now();
    if (table === 'access_tokens' || table === 'codes') return row.expires_at > now;
    if (table !== 'refresh_tokens') return true;
    return row.ended === null || row.ended.at + GRANT_RULES.remembersDeadTokensMs > now;
  }
}

type FileRow = Pick<RecordRow, 'id' | 'fields' | 'data'> & { readonly object: FileObject };

const isMade = (object: ObjectName): boolean => object === 'EmailMessage' || object === 'Task';

const isOpen = ({ transaction }: RecordRow, open: readonly string[]): boolean =>
  transaction !== undefined && open.includes(transaction);

const day = (iso: string): string => iso.slice(0, 10);

export function present({ id, object, spec, fields }: RecordRow): DeliveredMessage {
  const message_id = object === 'Task' ? '' : String(spec?.message_id ?? fields['MessageIdentifier'] ?? '');
  return { message_id, provider_id: id, folder: object };
}

function newAccount(email: string): AccountRow {
  const key = accountKey(email);
  return { email, user_id: newId('005'), org: key, instance: 'na1', name: null, password: null, replicated_from: 0 };
}
