import type { AskedOfHeads, ScopeHead, Session } from '../providers/contract.ts';

/** Where every part of the account stands now. */
export async function takeHeads(session: Session, asked?: AskedOfHeads): Promise<ScopeHead[]> {
  const heads: ScopeHead[] = [];
  for (const part of await session.parts(asked)) {
    const head = await session.headOf(part, asked);
    if (head !== null) heads.push(head);
  }
  return heads;
}
