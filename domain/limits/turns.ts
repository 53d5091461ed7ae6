/** How long one piece of work may keep the event loop, in ms. All tenants of a process share the loop. */
const TURN_MS = 8;

const waiting: (() => void)[] = [];
let endsAtMs = 0;

/**
 * Call it between the steps of work whose size a server chooses. It resolves at once while this turn of the event loop is
 * young, and otherwise after the process has seen to its sockets and timers. One caller continues per turn, so that many
 * such works at a time cost the others no more than one.
 */
export function takeTurn(): Promise<void> | undefined {
  if (waiting.length === 0 && performance.now() < endsAtMs) return undefined;
  return new Promise((resolve) => {
    if (waiting.push(resolve) === 1) setImmediate(beginTurn);
  });
}

function beginTurn(): void {
  endsAtMs = performance.now() + TURN_MS;
  waiting.shift()?.();
  if (waiting.length > 0) setImmediate(beginTurn);
}
