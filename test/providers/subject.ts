import type { Provider, ScopeReference, Session, SessionAccess } from '../../providers/contract.ts';
import { takeHeads } from '../../credentials/heads.ts';
import type { Delivered } from './stage.ts';

/** An account, from its owner's side and from the provider's. */
export interface Account {
  email: string;
  /** As the owner would sign in now. */
  access: SessionAccess;
  /** What must be seen nowhere. */
  secret: string;
  deliver(count: number, more?: Record<string, unknown>): Promise<Delivered[]>;
  remove(providerId: string): Promise<void>;
  fault(fault: string, more?: Record<string, unknown>): Promise<void>;
}

/** An adapter as the suite sees it. */
export interface Subject {
  provider: () => Provider;
  createAccount(): Promise<Account>;
  /** How the provider's id of a message shows in a listing. */
  idOf: (delivered: Delivered) => string;
  /** Whether the provider vouches for the address of such an account. */
  vouchesForAddress: boolean;
  /** The event after which the cursor is no longer known. */
  cursorExpiry: string;
  /** Folders that are not imported, as the provider's side names them. */
  excludedFolders: string[];
  /** What the place of a delivered message is called; absent: INBOX. */
  inbox?: string;
  /** Parts of the contract that cannot be shown here, each with the reason. */
  optOuts: Partial<
    Record<'malformed messages' | 'large messages' | 'failures of the provider' | 'push' | 'headers', string>
  >;
}

const NEVER = new AbortController().signal;

/** Close it. */
export async function open(subject: Subject, account: Account, signal = NEVER): Promise<Session> {
  return await subject.provider().openSession(account.access, signal);
}

/** A scope and the cursor of it. */
export type Position = ScopeReference & { cursor: string };

/** Where every part stands now: its head, or the end of the walk to it. */
export async function heads(subject: Subject, account: Account): Promise<Position[]> {
  const session = await open(subject, account);
  const positions: Position[] = [];
  for (const { cursor, ...scope } of await takeHeads(session)) {
    positions.push({ ...scope, cursor: cursor ?? (await walk(session, scope)) });
  }
  await session.close();
  return positions;
}

async function walk(session: Session, scope: ScopeReference): Promise<string> {
  if (!session.walk) throw new Error(`${scope.scope} has neither a cursor as of now nor a walk to one`);
  for (let position: string | null = null; ;) {
    const page: Awaited<ReturnType<NonNullable<Session['walk']>>> = await session.walk(scope, position, 100);
    if (page.position === null) return page.cursor;
    ({ position } = page);
  }
}
