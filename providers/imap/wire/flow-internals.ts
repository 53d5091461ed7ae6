import type { ImapFlow, MailboxObject, NamespacesObject } from 'imapflow';
import { enhanceCommandError } from 'imapflow/lib/tools.js';

/** A token of a command or an answer, as ImapFlow writes and reads it. */
export type Token = { type: string; value: string | Buffer; section?: (Token | null)[] } | string | null | Token[];

export interface Untagged {
  command: string;
  attributes?: Token[];
}

/** A whole line with its literals, before ImapFlow decodes it as UTF-8. */
export interface RawLine {
  payload: Buffer;
  literals: Buffer[];
}

/** What ImapFlow has and does not declare; its version is pinned. */
interface Internals {
  exec(
    command: string,
    attributes: Token[] | false,
    options?: {
      untagged?: Record<string, (untagged: Untagged) => Promise<void>>;
      onPlusTag?: (line: { attributes?: { value?: unknown }[] }) => Promise<void>;
    },
  ): Promise<{ next(): void }>;
  handleResponse: (this: ImapFlow, line: RawLine) => Promise<boolean>;
  commands: Map<string, (flow: ImapFlow, ...given: unknown[]) => Promise<unknown>>;
  byeReason?: string;
  write: (this: ImapFlow, bytes: Buffer) => void;
  mailbox: MailboxObject | false;
  currentSelectCommand: { command: string; arguments: Token[] } | false;
  namespaces: NamespacesObject | undefined;
  namespace: { prefix: string; delimiter: string | null } | undefined;
  state: number;
  states: { AUTHENTICATED: number; SELECTED: number };
}

export const internals = (flow: ImapFlow) => flow as unknown as Internals;

type Exec = Parameters<Internals['exec']>;

/** Runs a command of our own. `finish` applies its answer before the next command is sent. */
export async function execute(
  flow: ImapFlow,
  [command, attributes, options]: Exec,
  finish: () => void = () => {},
): Promise<void> {
  try {
    const answer = await internals(flow).exec(command, attributes, options);
    finish();
    answer.next(); // without it ImapFlow sends nothing more
  } catch (error) {
    // The server's whole line, with its code, in place of a parsed object.
    throw isRefusal(error) ? await enhanceCommandError(error) : error;
  }
}

export const isRefusal = (error: unknown): error is Parameters<typeof enhanceCommandError>[0] =>
  error instanceof Error && 'response' in error;

/**
 * Runs a command and hands over the lines of its answer that begin with one of these words, as they came: ImapFlow
 * would decode a folder's name, and drop a line that it cannot read.
 */
export async function executeRaw(
  flow: ImapFlow,
  given: Exec,
  words: readonly string[],
  take: (line: RawLine) => void,
): Promise<void> {
  const inner = internals(flow);
  const { handleResponse } = inner;
  const ours = new RegExp(`^\\0*\\* (?:${words.join('|')})\\b`, 'i');
  inner.handleResponse = async (line) => {
    if (!ours.test(line.payload.toString('latin1', 0, 24))) return handleResponse.call(flow, line);
    take(line);
    return true;
  };
  try {
    await execute(flow, given);
  } finally {
    inner.handleResponse = handleResponse;
  }
}
