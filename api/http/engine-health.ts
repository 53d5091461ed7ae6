import type { Context } from '../../runtime/context.ts';

/** Long enough for a busy engine, short enough for a waiting person, in ms. */
const PATIENCE_MS = 2_000;

/** Whether the workflow engine answers. A call to a dead one would be retried for much longer than this. */
export function engineAnswers({ temporal }: Pick<Context, 'temporal'>): Promise<boolean> {
  return inTime(temporal.client.connection.workflowService.getSystemInfo({})).then(
    () => true,
    () => false,
  );
}

/** Rejects when `work` takes too long. */
export async function inTime<T>(work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`No answer within ${PATIENCE_MS} ms`)), PATIENCE_MS);
  return Promise.race([work, promise]).finally(() => clearTimeout(timer));
}
