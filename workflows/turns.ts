/** The three things that a channel's workflow does. */
export type Turn = 'commands' | 'look' | 'deed';

const ORDER: readonly Turn[] = ['commands', 'look', 'deed'];

/**
 * Whose turn it is where more than one is ready: the first after the last turn's. Without turns a caller that loops on a
 * command keeps refreshes and polls waiting, and a storm of signals keeps a due deed waiting. null: none is ready.
 */
export function nextTurn(last: Turn, ready: Record<Turn, boolean>): Turn | null {
  const from = ORDER.indexOf(last) + 1;
  return [...ORDER.slice(from), ...ORDER.slice(0, from)].find((turn) => ready[turn]) ?? null;
}
