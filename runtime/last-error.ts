import type { Logger } from './logger.ts';

/**
 * Ends the process with 1 for an error that is caught nowhere, as Node does, but logs it: Node would print it with all
 * that a library hung onto it.
 */
export function logLastError(logger: Logger): void {
  process.on('uncaughtException', (err) => {
    logger.fatal({ err }, 'An error was caught nowhere; the process ends');
    process.exit(1);
  });
}
