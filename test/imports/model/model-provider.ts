import { createHash } from 'node:crypto';
import { ProviderError } from '../../../domain/verdict.ts';
import type { VerdictKind, StatusReason } from '../../../domain/verdict.ts';
import type {
  FetchedMessage,
  ListedItem,
  Provider,
  ScopeHead,
  ScopeReference,
  Session,
  TimeWindow,
  WalkPage,
} from '../../../providers/contract.ts';
import { shuffled } from './model-mailbox.ts';
import type { Dice, ModelFolder, ModelMailbox, ModelMessage } from './model-mailbox.ts';

/** Farther than any clock of a run is wrong. */
const OVERLAP_MS = 3 * 3_600_000;

/** A mailbox, and what it does to the one who reads it. */
export interface ModelAccount {
  mailbox: ModelMailbox;
  tellsTime: boolean;
  /** Has no cursor as of now: one has to walk to it. */
  walks: boolean;
  roll: Dice;
  /** Called before every answer; may change the mailbox, throw, or let time pass. */
  meet(message?: ModelMessage): void;
}

/** A provider in memory that does everything that the contract (providers/contract.ts) allows. */
export function modelProvider(accountOf: (username: string) => ModelAccount): Provider {
  return {
    name: 'imap',
    accessType: 'imap',
    capabilities: {
      windowOverlapMs: OVERLAP_MS,
      keepAliveMs: null,
      pollEveryMs: 60_000,
      holdsConnections: false,
      push: null,
      quota: null,
      confirmations: { tries: 0, gapMs: 0 },
    },
    sending: null,
    words: { label: 'Model', provider: 'the model', hint: '', causes: {} },
    signIn: { oauth: [], password: null },
    classify: () => refusal('transient', 'network').verdict,
    async openSession(access) {
      if (access.kind !== 'password') throw new TypeError('the model takes a password');
      const account = accountOf(access.username);
      account.meet();
      return modelSession(account, access.username);
    },
  };
}

function modelSession(account: ModelAccount, login: string): Session {
  const proved = 'Signed in at the model';
  return {
    async identify() {
      const account = { email: login, login, providerId: login };
      return {
        account,
        mailboxKey: login,
        serverKey: 'model.example',
        vouchesForAddress: false,
        grantKey: login,
        proved,
      };
    },
    async verify() {
      account.meet();
      return proved;
    },
    async parts() {
      return account.mailbox.folders.map(({ name }) => ({ scope: name, name }));
    },
    async headOf(part) {
      const folder = account.mailbox.folders.find(({ name }) => name === part.scope);
      return folder ? headOf(account, folder) : null;
    },
    ...(account.walks
      ? {
          walk: async (scope: ScopeReference, position: string | null, limit: number) =>
            walk(account, scope.scope, position, limit),
        }
      : {}),
    async newestAt() {
      const inbox = account.mailbox.folder(0);
      const newest = inbox.live.get(Math.max(...inbox.live.keys()));
      return newest?.receivedAt ?? null;
    },
    ...(account.tellsTime ? {} : { comesAfter, within: async (...asked) => within(account, ...asked) }),
    listChanges: async (scope, cursor, limit) => listChanges(account, scope.scope, cursor, limit),
    listWindow: async (scope, window, position, limit) => listWindow(account, scope.scope, window, position, limit),
    fetchMessages: (scope, items) => fetchMessages(account, scope.scope, items),
    async close() {},
  };
}

interface Cursor {
  generation: number;
  epoch: number;
  uid: number;
}

/** One after the other: between two heads anything may happen. */
function headOf(account: ModelAccount, { name }: ModelFolder): ScopeHead {
  account.meet();
  const folder = folderNamed(account, name);
  const { generation, epoch, nextUid } = folder;
  const at = account.tellsTime ? new Date(Math.floor(account.mailbox.now().getTime() / 1000) * 1000) : null;
  return { scope: name, name, cursor: account.walks ? null : toCursor({ generation, epoch, uid: nextUid - 1 }), at };
}

/** Through the folder in pages as short as it likes; what comes to it meanwhile may be passed before the end. */
function walk(account: ModelAccount, scope: string, position: string | null, limit: number): WalkPage {
  account.meet();
  const { roll } = account;
  const { generation, epoch, nextUid } = folderNamed(account, scope);
  const at = position === null ? { generation, epoch, uid: 0 } : (JSON.parse(position || '{}') as Cursor);
  if (at.generation !== generation || at.epoch !== epoch) throw refusal('cursor_expired', null);
  const uid = Math.min(nextUid - 1, at.uid + 1 + roll(Math.min(limit, 10)));
  const isEnd = uid === nextUid - 1 && roll(3) > 0;
  return isEnd
    ? { position: null, cursor: toCursor({ ...at, uid }) }
    : { position: toCursor({ ...at, uid }), cursor: null };
}

const toCursor = (cursor: Cursor) => JSON.stringify(cursor);

/**
 * Pages as short as it likes, in any order, with ids of messages that are gone and of some that were listed before, and
 * with `more` where nothing more comes.
 */
function listChanges(account: ModelAccount, scope: string, cursor: string, limit: number) {
  account.meet();
  const { roll } = account;
  const folder = folderNamed(account, scope);
  const from = JSON.parse(cursor || '{}') as Cursor;
  if (from.generation !== folder.generation || from.epoch !== folder.epoch) throw refusal('cursor_expired', null);
  const last = folder.nextUid - 1;
  const through = Math.min(last, from.uid + 1 + roll(limit));
  const listed: number[] = [];
  for (let uid = from.uid + 1; uid <= through; uid++) {
    if (folder.live.has(uid) || roll(2) === 0) listed.push(uid);
  }
  const before = [...folder.live].filter(([uid, { ours }]) => uid <= from.uid && ours).map(([uid]) => uid);
  if (before.length > 0 && roll(3) === 0) listed.push(before[roll(before.length)] ?? 0);
  if (listed.length > 0 && roll(4) === 0) listed.push(listed[roll(listed.length)] ?? 0);
  return {
    items: shuffled(listed, roll).map((uid) => toItem(folder, uid)),
    cursor: JSON.stringify({ ...from, uid: through }),
    more: through < last || (through > from.uid && roll(5) === 0),
    at: null,
  };
}

function comesAfter(cursor: string, item: ListedItem): boolean {
  const { generation, uid } = JSON.parse(cursor) as Cursor;
  return item.generation === String(generation) && Number(item.providerId) > uid;
}

interface Position {
  generation: number;
  order: number;
  after: string;
}

/** In an order of its own, which is the same for one listing; dates off, and a guess that is wrong. */
function listWindow(
  account: ModelAccount,
  scope: string,
  { from, to }: { from: Date; to: Date },
  position: string | null,
  limit: number,
) {
  account.meet();
  const { roll } = account;
  const folder = folderNamed(account, scope);
  const at: Position =
    position === null
      ? { generation: folder.generation, order: roll(1_000_000), after: '' }
      : (JSON.parse(position) as Position);
  if (at.generation !== folder.generation) throw refusal('cursor_expired', null);
  const slopMs = roll(2) * (account.tellsTime ? 1_000 : OVERLAP_MS);
  const inOrder = [...folder.live]
    .filter(([, { receivedAt }]) => +receivedAt >= +from - slopMs && +receivedAt <= +to + slopMs)
    .map(([uid]) => ({ uid, key: keyOf(at.order, uid) }))
    .filter(({ key }) => key > at.after)
    .sort((one, other) => (one.key < other.key ? -1 : 1));
  const page = inOrder.slice(0, 1 + roll(limit));
  const more = page.length < inOrder.length || (page.length > 0 && roll(5) === 0);
  const repeated = page.length > 0 && roll(4) === 0 ? page.slice(0, 1) : [];
  return {
    items: [...page, ...repeated].map(({ uid }) => toItem(folder, uid)),
    position: more ? JSON.stringify({ ...at, after: page.at(-1)?.key ?? at.after }) : null,
    estimate: roll(2) === 0 ? roll(1_000) : null,
  };
}

/** What has vanished by now may be of any date. */
function within(account: ModelAccount, { scope }: ScopeReference, items: ListedItem[], { from, to }: TimeWindow) {
  account.meet();
  const folder = folderNamed(account, scope);
  return items.filter(({ generation, providerId }) => {
    if (generation !== String(folder.generation)) throw refusal('cursor_expired', null);
    const message = folder.live.get(Number(providerId));
    return message === undefined || (message.receivedAt >= from && message.receivedAt <= to);
  });
}

async function* fetchMessages(
  account: ModelAccount,
  scope: string,
  items: ListedItem[],
): AsyncGenerator<FetchedMessage> {
  for (const item of shuffled(items, account.roll)) {
    const before = folderNamed(account, scope).live.get(Number(item.providerId));
    account.meet(before);
    const folder = folderNamed(account, scope);
    if (item.generation !== String(folder.generation)) throw refusal('cursor_expired', null);
    const message = folder.live.get(Number(item.providerId));
    if (!message) yield { outcome: 'skipped', item, reason: 'gone' };
    else if (message.failures > 0) {
      message.failures--;
      message.interrupted++;
      yield { outcome: 'failed', item, error: new Error('not now') };
    } else yield toMessage(account, folder, item, message);
  }
}

function toMessage(
  account: ModelAccount,
  folder: ModelFolder,
  item: ListedItem,
  message: ModelMessage,
): Extract<FetchedMessage, { outcome: 'message' }> {
  const { receivedAt } = message;
  const raw = rawOf(account, message);
  return {
    outcome: 'message',
    item,
    mediaType: 'message/rfc822',
    raw,
    receivedAt,
    folder: folder.name,
    sizeEstimate: 0,
  };
}

async function* rawOf(account: ModelAccount, message: ModelMessage): AsyncGenerator<Uint8Array> {
  const { messageId, receivedAt } = message;
  yield Buffer.from(`Message-ID: ${messageId}\r\nFrom: a@b.example\r\nDate: ${receivedAt.toUTCString()}\r\n`);
  account.meet(message);
  yield Buffer.from(`Subject: ${messageId}\r\n\r\nbody\r\n`);
}

function folderNamed({ mailbox }: ModelAccount, name: string): ModelFolder {
  const folder = mailbox.named(name);
  if (!folder) throw new Error(`the model has no folder ${name}`);
  return folder;
}

const toItem = ({ generation }: ModelFolder, uid: number): ListedItem => ({
  providerId: String(uid),
  generation: String(generation),
});

const keyOf = (order: number, uid: number) => createHash('md5').update(`${order} ${uid}`).digest('hex');

export function refusal(kind: VerdictKind, reason: StatusReason | null): ProviderError {
  const nothing = { retryAfterMs: null, providerCode: null, vague: false, tokenRefused: false };
  return new ProviderError(`the model says ${kind}`, { kind, reason, ...nothing });
}
