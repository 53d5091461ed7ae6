export interface Bursts {
  ring: () => void;
  stop: () => void;
}

/** Runs `work` after a ring, and once more if it rang meanwhile: one at a time, at least `spacingMs` apart. */
export function inBursts(spacingMs: number, work: () => Promise<void>): Bursts {
  let timer: NodeJS.Timeout | null = null;
  let [working, rung, stopped] = [false, false, false];
  const begin = (afterMs: number) => {
    if (!stopped) timer ??= setTimeout(() => void run(), afterMs);
  };
  const run = async (): Promise<void> => {
    [timer, working, rung] = [null, true, false];
    await work();
    working = false;
    if (rung) begin(spacingMs);
  };
  return {
    ring() {
      rung = true;
      if (!working) begin(0);
    },
    stop() {
      stopped = true;
      if (timer) clearTimeout(timer);
    },
  };
}
