import type { MessageContent } from './content.ts';

/** The flags every message can have (RFC 3501 section 2.3.2); \Recent is never given. */
export const systemFlags = ['\\Answered', '\\Flagged', '\\Deleted', '\\Seen', '\\Draft'];

/** RFC 6154; null for folders without a role. */
export type SpecialUse = '\\Sent' | '\\Drafts' | '\\Trash' | '\\Junk' | '\\Archive' | '\\All' | null;

export interface StoredMessage {
  readonly uid: number;
  /** RFC 7162: grows with every change in the folder. */
  modseq: number;
  flags: readonly string[];
  /** INTERNALDATE, when it arrived; milliseconds. */
  readonly internalMs: number;
  readonly content: MessageContent;
}

export interface FolderState {
  specialUse: SpecialUse;
  uidValidity: number;
  uidNext: number;
  highestModseq: number;
  subscribed: boolean;
}

/** A folder with its messages in the order of their UIDs. */
export class Folder implements FolderState {
  name: string;
  specialUse: SpecialUse;
  uidValidity: number;
  uidNext: number;
  highestModseq: number;
  subscribed: boolean;
  messages: StoredMessage[] = [];
  /** Grows with everything that sessions have to be told, so that looking costs nothing when nothing happened. */
  version = 0;

  constructor(name: string, state: FolderState) {
    this.name = name;
    this.specialUse = state.specialUse;
    this.uidValidity = state.uidValidity;
    this.uidNext = state.uidNext;
    this.highestModseq = state.highestModseq;
    this.subscribed = state.subscribed;
  }

  state(): FolderState {
    const { specialUse, uidValidity, uidNext, highestModseq, subscribed } = this;
    return { specialUse, uidValidity, uidNext, highestModseq, subscribed };
  }

  /** How the control API names a message: where it lies, as an IMAP client would say it. */
  placeOf(uid: number): string {
    return `${this.name}/${this.uidValidity}/${uid}`;
  }

  message(uid: number): StoredMessage | undefined {
    const found = this.messages[this.firstIndexFrom(uid)];
    return found?.uid === uid ? found : undefined;
  }

  /** The messages whose UIDs lie in the ranges, ascending. */
  within(ranges: [number, number][]): StoredMessage[] {
    return ranges.flatMap(([from, to]) =>
      this.messages.slice(this.firstIndexFrom(from), to === Infinity ? undefined : this.firstIndexFrom(to + 1)),
    );
  }

  /** The index of the first message with this UID or a larger one. */
  firstIndexFrom(uid: number): number {
    let low = 0;
    let high = this.messages.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.messages[middle] as StoredMessage).uid < uid) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  count(flag: string): number {
    return this.messages.reduce((count, message) => (message.flags.includes(flag) ? count + 1 : count), 0);
  }
}

/** One account: who may sign in, and the folders. */
export class MailAccount {
  readonly email: string;
  /** Null after a password was changed and no new one was set: nothing signs in then. */
  password: string | null = null;
  name: string | null = null;
  tenant: string | null = null;
  /** The largest UIDVALIDITY ever given out: the next one must be larger, also for a folder made anew. */
  lastUidValidity = 0;
  readonly folders = new Map<string, Folder>();

  constructor(email: string) {
    this.email = email;
  }
}

/** What a new account has, as most servers make it. */
export const initialFolders: [string, SpecialUse][] = [
  ['INBOX', null],
  ['Sent', '\\Sent'],
  ['Drafts', '\\Drafts'],
  ['Trash', '\\Trash'],
  ['Junk', '\\Junk'],
  ['Archive', '\\Archive'],
];
