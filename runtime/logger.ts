import { destination, pino } from 'pino';
import type { DestinationStream, Logger as PinoLogger } from 'pino';
import { maskAddresses } from '../domain/redaction/mask-address.ts';
import { recordError } from '../domain/redaction/error-record.ts';

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
 * prints as `[secret]`, raw provider bodies are never put into errors). Of an error stands what `recordError` allows, and
 * an address that any text repeats is masked.
 */
export function createLogger(name: string, level: string, output: DestinationStream = gatheredOutput()): Logger {
  const options = {
    name,
    level,
    base: null,
    serializers: { err: recordAny, error: recordAny },
    hooks: { streamWrite: maskLine },
  };
  return pino(options, output);
}

/** pino calls it with the value alone or with more. */
const recordAny = (error: unknown) => recordError(error);

/** Addresses are rare in lines; a line with one is written anew, so that it stays JSON. */
function maskLine(line: string): string {
  if (!/@|%40/.test(line)) return line;
  return `${JSON.stringify(JSON.parse(line), (_key, value: unknown) => (typeof value === 'string' ? maskAddresses(value) : value))}\n`;
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
