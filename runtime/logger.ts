import { destination, pino } from 'pino';
import type { DestinationStream, Logger as PinoLogger } from 'pino';

export type Logger = PinoLogger;

/**
 * Lines are collected for this long, in ms, and written together: one write per line costs a token read more than
 * crypto.
 */
const GATHERED_MS = 20;
/** This many bytes are written at once, also earlier. */
const GATHERED_BYTES = 8_192;

/**
 * One JSON line per event, on standard output by default. Secrets are kept out at the source (`Secret`
 * prints as `[secret]`, raw provider bodies are never put into errors); the error serializer is an allowlist, because
 * libraries hang requests with headers onto their errors.
 */
export function createLogger(name: string, level: string, output: DestinationStream = gatheredOutput()): Logger {
  return pino({ name, level, base: null, serializers: { err: describeError, error: describeError } }, output);
}

/** Standard output. A SIGKILL loses the last 20 ms; every other end of the process writes them. */
function gatheredOutput(): DestinationStream {
  const output = destination({ dest: 1, sync: false, minLength: GATHERED_BYTES });
  let due: NodeJS.Timeout | null = null;
  const flush = () => {
    due = null;
    output.flush();
  };
  return {
    write(line) {
      output.write(line);
      due ??= setTimeout(flush, GATHERED_MS);
    },
  };
}

function describeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { message: typeof error };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  return {
    type: error.name,
    message: error.message,
    code,
    stack: error.stack,
    cause: error.cause === undefined ? undefined : describeError(error.cause),
  };
}
