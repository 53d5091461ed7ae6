/*
 * Imported first by a process whose clock is wrong: `SKEW_MS` ahead of this machine's (behind, where negative), until
 * it is told to step, and then as wrong the other way round.
 */
const Real = Date;
let skewMs = Number(process.env['SKEW_MS'] ?? 0);
process.on('SIGUSR2', () => {
  skewMs = -skewMs;
});

class SkewedDate extends Real {
  constructor(given?: number | string | Date) {
    super(given ?? Real.now() + skewMs);
  }

  static override now(): number {
    return Real.now() + skewMs;
  }
}

if (skewMs !== 0) globalThis.Date = SkewedDate as DateConstructor;
