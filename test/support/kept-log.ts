import type { ChildProcess } from 'node:child_process';
import { destination, multistream } from 'pino';
import { createLogger } from '../../runtime/logger.ts';
import type { Logger } from '../../runtime/logger.ts';
import { keep, logFile } from './evidence.ts';

/** Everything is kept, and what went wrong is on the screen as well. */
export function keptLogger(name: string): Logger {
  const kept = { level: 'debug', stream: destination({ dest: logFile(), append: true, sync: true }) } as const;
  const shown = { level: 'error', stream: destination({ dest: 1, sync: true }) } as const;
  return createLogger(name, 'debug', multistream([kept, shown]));
}

/** Of a process that was started with pipes (`silent`): all it says is kept, and on the screen as well. */
export function keepOutput(child: ChildProcess): void {
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      keep('log', chunk);
      process.stderr.write(chunk);
    });
  }
}
