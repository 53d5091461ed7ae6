import { takeTurn } from '../domain/limits/turns.ts';
import type { SetAsideReason } from '../domain/receipt.ts';
import { PartRefused } from '../domain/verdict.ts';
import type { AskedOfHeads, ScopeHead, ScopeReference, Session } from '../providers/contract.ts';

/** A part whose position cannot be taken, while others are given. */
export interface AsidePart extends ScopeReference {
  reason: SetAsideReason;
  /** False: it was left alone, because it had been refused lately. */
  asked: boolean;
}

export interface Heads {
  heads: ScopeHead[];
  aside: AsidePart[];
}

/**
 * Where every part of the account stands now. A part that is refused holds up no other. `resting`: parts that were
 * refused lately and are not asked for yet, by scope.
 */
export async function readHeads(
  session: Session,
  { resting = new Map(), ...asked }: Partial<AskedOfHeads> & { resting?: ReadonlyMap<string, SetAsideReason> } = {},
): Promise<Heads> {
  const found: Heads = { heads: [], aside: [] };
  for (const part of await session.parts({ withState: false, ...asked, except: new Set(resting.keys()) })) {
    await takeTurn();
    const { scope, name } = part;
    const reason = part.aside ?? resting.get(scope);
    if (reason !== undefined) {
      found.aside.push({ scope, name, reason, asked: part.aside !== undefined });
      continue;
    }
    try {
      const head = await session.headOf(part, { withState: false, ...asked });
      if (head !== null) found.heads.push(head);
    } catch (error) {
      if (!(error instanceof PartRefused)) throw error;
      found.aside.push({ scope, name, reason: 'refused', asked: true });
    }
  }
  return found;
}

/** Where every part stands that can be asked for. */
export async function takeHeads(session: Session, asked: Partial<AskedOfHeads> = {}): Promise<ScopeHead[]> {
  return (await readHeads(session, asked)).heads;
}
