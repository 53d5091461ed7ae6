import type { LogMetadata, Logger as TemporalLogger } from '@temporalio/common';
import type { Logger } from './logger.ts';

const LEVELS = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const;
type Level = keyof typeof LEVELS;

/**
 * For Temporal's `Runtime`: what its SDK logs, of workflows and activities too, and what its native core logs, goes
 * through our logger, which leaves out values and masks addresses.
 */
export function temporalLogging(logger: Logger) {
  return {
    logger: temporalLogger(logger),
    telemetryOptions: { logging: { filter: { core: 'WARN', other: 'ERROR' }, forward: {} } },
  } as const;
}

function temporalLogger(logger: Logger): TemporalLogger {
  const log = (level: Level, message: string, meta: LogMetadata = {}) => logger[LEVELS[level]](meta, message);
  return {
    log,
    trace: (message, meta) => log('TRACE', message, meta),
    debug: (message, meta) => log('DEBUG', message, meta),
    info: (message, meta) => log('INFO', message, meta),
    warn: (message, meta) => log('WARN', message, meta),
    error: (message, meta) => log('ERROR', message, meta),
  };
}
