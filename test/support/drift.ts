/*
 * Where an answer or a webhook was not as the API documents it. It is found where answers are kept, which no test calls
 * by itself, so that the test that caused it has to be failed from here: see witness.ts.
 */
const drifts: string[] = [];

export function reportDrift(drift: string): void {
  drifts.push(drift);
}

/** Throws once for everything that was reported since the last time. */
export function throwDrifts(): void {
  const found = drifts.splice(0);
  if (found.length > 0) throw new Error(`Not as the API documents it:\n${found.join('\n')}`);
}
