/** The same Ctrl-C comes twice, from the terminal and from npm, which passes it on; that is not a second one. */
const ECHO_MS = 500;

/** Calls `stop` at the first SIGINT, SIGTERM or SIGHUP, `stopAtOnce` at the next. */
export function onStopSignals(stop: () => void, stopAtOnce: () => void): void {
  let firstAt: number | null = null;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (firstAt === null) {
        firstAt = Date.now();
        stop();
      } else if (Date.now() - firstAt > ECHO_MS) stopAtOnce();
    });
  }
}
