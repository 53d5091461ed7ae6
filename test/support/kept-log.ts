import { openSync } from 'node:fs';
import { destination, multistream } from 'pino';
import { createLogger } from '../../logger.ts';
import type { Logger } from '../../logger.ts';
import { logFile } from './evidence.ts';

/** Everything is kept, and what went wrong is on the screen as well. */
export function keptLogger(name: string): Logger {
  const kept = { level: 'debug', stream: destination({ dest: logFile(), append: true, sync: true }) } as const;
  const shown = { level: 'error', stream: destination({ dest: 1, sync: true }) } as const;
  return createLogger(name, 'debug', multistream([kept, shown]));
}

/** `stdio` of a process whose output is kept. */
export function keptOutput(): ['ignore', number, number, 'ipc'] {
  const file = openSync(logFile(), 'a');
  return ['ignore', file, file, 'ipc'];
}
