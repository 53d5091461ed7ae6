import { ProviderError } from '../verdict.ts';
import { verdict } from '../verdict-builders.ts';

/** Work at a server that has a limit, in ms. Beyond it the server did not answer in time: a `ProviderError`, `timeout`. */
export async function inTime<Result>(
  server: string,
  limitMs: number,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const signal = AbortSignal.timeout(limitMs);
  try {
    return await work(signal);
  } catch (error) {
    if (!signal.aborted || error instanceof ProviderError) throw error;
    const late = verdict('transient', 'network', { providerCode: 'timeout' });
    throw new ProviderError(`${server} did not answer within ${limitMs / 1_000} s`, late);
  }
}
