import { ImapStream } from 'imapflow/lib/handler/imap-stream.js';
import type { ImapStreamOptions } from 'imapflow/lib/handler/imap-stream.js';
import { takeTurn } from '../../domain/limits/turns.ts';
import { SEARCHED_UIDS, SearchLines, isSearch, sizeOfSet } from './search-lines.ts';

const KIBIBYTE = 1024;
const MEBIBYTE = 1024 * KIBIBYTE;

/** The longest line that servers need is FLAGS, with some hundred keywords. */
const LINE_BYTES = 32 * KIBIBYTE;
/** ImapFlow's time for one word grows with the square of its length. */
const WORD_BYTES = 2 * KIBIBYTE;
/** Only a message is longer. */
const LITERAL_BYTES = 8 * KIBIBYTE;
/** In one response: a message has one body. */
const LITERALS = 16;
/** In answer to one command: a batch of messages, or one that a server without partial fetches sends whole. */
const COMMAND_BYTES = 96 * MEBIBYTE;
/** Lines at once, and per second: a flag that is set on all messages of a large folder is a line each. */
const LINES = 100_000;
const LINES_PER_SECOND = 2_000;
/** A line that is left out costs less than one that is read. */
const LEFT_OUT_COST = 0.1;

/** The most folders of a mailbox. */
const FOLDERS = 10_000;
/** The longest name of a folder, as the server writes it with what stands before it. */
const NAME_BYTES = 2 * KIBIBYTE;
/** Beyond that, lines of the inbox: one of LIST and one of STATUS, with something to spare. */
const INBOXES = 4;
/** The lines of all folders. */
const NAMES_BYTES = 8 * MEBIBYTE;

const FOLDER_LINE = /^\* (LIST|XLIST|LSUB|STATUS) /i;
const INBOX_LINE = /[ ]"?INBOX"?($| \()/i;
const BODY_FOLLOWS = /(BODY|BINARY)\[\](<\d+>)? ~?\{\d+\}\r?\n$/i;
/** Never enabled. A set of any size is a short word. */
const VANISHED = /^\* VANISHED /i;
const SET_OF_ALL = /^\* ESEARCH .* ALL ([0-9:,*]+)/i;

/** A server sends more, or longer, than a mailbox needs. */
export class AnswerTooLarge extends Error {
  constructor(what: string) {
    super(`the answer has ${what}`);
    this.name = 'AnswerTooLarge';
  }
}

/** What was left out of the listings of folders. */
export interface LeftOut {
  /** Folders beyond the most that a mailbox has. */
  folders: number;
  /** Folders whose names are too long. */
  names: number;
}

interface Response {
  payload: Buffer;
  literals: Buffer[];
  next: () => void;
}

/**
 * ImapFlow's reader of a connection, with a limit for everything that a server chooses: the bytes of a line, literals,
 * lines, folders, UIDs. It hands lines on in turns of the event loop. Surplus folders and UIDs are left out and counted;
 * other surplus ends the connection with `AnswerTooLarge`.
 */
export class BoundedStream extends ImapStream {
  exceeded: AnswerTooLarge | null = null;
  #leftOut: LeftOut = { folders: 0, names: 0 };
  #search = new SearchLines();
  #listed = { list: 0, status: 0, inboxes: 0, bytes: 0 };
  /** Bytes that had come when the command began. */
  #before = 0;
  #lines = LINES;
  #countedAtMs = performance.now();

  constructor(options: ImapStreamOptions) {
    super({
      ...options,
      maxLineLength: 4 * LINE_BYTES,
      maxLiteralSize: 64 * MEBIBYTE,
      maxResponseSize: 80 * MEBIBYTE,
    });
  }

  /** What one command may bring begins anew. */
  beginCommand(command: string): void {
    if (command.endsWith('SEARCH')) this.#search = new SearchLines();
    this.#listed = { list: 0, status: 0, inboxes: 0, bytes: 0 };
    this.#before = this.readBytesCounter;
  }

  /** What was left out since the last call. */
  takeLeftOut(): LeftOut {
    const taken = this.#leftOut;
    this.#leftOut = { folders: 0, names: 0 };
    return taken;
  }

  /** The last search found more than it may bring. */
  get isSearchCut(): boolean {
    return this.#search.isCut;
  }

  override push(response: Response | null): boolean {
    if (response === null) return super.push(null);
    this.#handOn(response).catch((error: unknown) => this.destroy(error as Error));
    return true;
  }

  override checkLineLength(lineLength: number): boolean {
    if (!this.#fits(0)) return false;
    if (this.lineBytes <= LINE_BYTES) return super.checkLineLength(lineLength);
    const line = Buffer.concat(this.lineBuffer);
    const held = this.#shorten(line);
    if (held === null) return this.#exceed(`a line of more than ${LINE_BYTES / KIBIBYTE} KiB`);
    this.lineBuffer = [held];
    this.lineBytes = held.length;
    return true;
  }

  override checkLiteralMarker(line: Buffer): boolean {
    if (!super.checkLiteralMarker(line)) return false;
    const first = this.inputBuffer[0] ?? line;
    const isBody = BODY_FOLLOWS.test(line.toString('latin1', Math.max(0, line.length - 64)));
    const most = isFolder(first) ? MEBIBYTE : LITERAL_BYTES;
    if (!isBody && this.literalWaiting > most) return this.#exceed('a literal where a word is expected');
    if (this.literals.length >= LITERALS) return this.#exceed(`more than ${LITERALS} literals in one response`);
    return this.#fits(this.literalWaiting);
  }

  #fits(moreBytes: number): boolean {
    const bytes = this.readBytesCounter - this.#before + moreBytes;
    return bytes <= COMMAND_BYTES || this.#exceed(`more than ${COMMAND_BYTES / MEBIBYTE} MiB`);
  }

  #exceed(what: string): false {
    this.exceeded ??= new AnswerTooLarge(what);
    return this.failStream(this.exceeded);
  }

  /** What is held of a line that has not ended: UIDs are set apart, and a folder that is left out needs no name. */
  #shorten(line: Buffer): Buffer | null {
    if (isSearch(line)) return this.#search.shorten(line);
    return isFolder(line) ? line.subarray(0, NAME_BYTES + 1) : null;
  }

  async #handOn(response: Response): Promise<void> {
    const { payload, next } = response;
    await takeTurn();
    if (this.destroyed) return;
    const isLeftOut = VANISHED.test(payload.toString('latin1', 0, 12)) || this.#isSurplusFolder(response);
    if (!this.#count(isLeftOut ? LEFT_OUT_COST : 1)) return;
    if (isLeftOut) next();
    else if (isSearch(payload)) await this.#handOnSearch(response);
    else if (this.#isReadable(payload)) super.push(response);
  }

  async #handOnSearch(response: Response): Promise<void> {
    for (const payload of this.#search.take(response.payload)) {
      await takeTurn();
      if (this.destroyed) break;
      await new Promise<void>((next) => {
        this.pendingPush = next;
        super.push({ ...response, payload, next });
      });
    }
    response.next();
  }

  #isSurplusFolder({ payload, literals }: Response): boolean {
    const [, kind] = FOLDER_LINE.exec(payload.toString('latin1', 0, 10)) ?? [];
    if (kind === undefined) return false;
    const bytes = payload.length + literals.reduce((sum, { length }) => sum + length, 0);
    const isListing = /^X?LIST$/i.test(kind);
    if (bytes > NAME_BYTES) {
      if (isListing) this.#leftOut.names++;
      return true;
    }
    const listed = this.#listed;
    const count = isListing ? ++listed.list : ++listed.status;
    listed.bytes += bytes;
    if (count <= FOLDERS && listed.bytes <= NAMES_BYTES) return false;
    // A mailbox without its inbox would be none.
    if (INBOX_LINE.test(payload.toString('latin1')) && listed.inboxes++ < INBOXES) return false;
    if (isListing) this.#leftOut.folders++;
    return true;
  }

  #isReadable(payload: Buffer): boolean {
    if (payload.length > LINE_BYTES) return this.#exceed(`a line of more than ${LINE_BYTES / KIBIBYTE} KiB`);
    if (payload.length > WORD_BYTES && longestWord(payload) > WORD_BYTES) return this.#exceed('a word of no use');
    const [, set] = SET_OF_ALL.exec(payload.toString('latin1')) ?? [];
    return set === undefined || sizeOfSet(set) <= SEARCHED_UIDS || this.#exceed('a set of all that there is');
  }

  /** False: more lines came than any mailbox has news. */
  #count(cost: number): boolean {
    const nowMs = performance.now();
    this.#lines = Math.min(LINES, this.#lines + ((nowMs - this.#countedAtMs) / 1_000) * LINES_PER_SECOND) - cost;
    this.#countedAtMs = nowMs;
    return this.#lines > 0 || this.#exceed('lines without end');
  }
}

const isFolder = (line: Buffer) => FOLDER_LINE.test(line.toString('latin1', 0, 10));

function longestWord(line: Buffer): number {
  let longest = 0;
  let start = 0;
  for (let end = 0; end <= line.length; end++) {
    const byte = line[end] ?? 0x20;
    // Space, parentheses and quotes end a word.
    if (byte !== 0x20 && byte !== 0x28 && byte !== 0x29 && byte !== 0x22) continue;
    longest = Math.max(longest, end - start);
    start = end + 1;
  }
  return longest;
}
