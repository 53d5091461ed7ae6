import { ApplicationFailure, TemporalFailure } from '@temporalio/common';
import type { ActivityInboundCallsInterceptor } from '@temporalio/worker';
import { codeOf } from '../domain/redaction/error-record.ts';

/** Temporal keeps the class of an activity's error and drops its code, which a history without the message needs. */
export const failWithCode: ActivityInboundCallsInterceptor = {
  async execute(input, next) {
    try {
      return await next(input);
    } catch (error) {
      if (!(error instanceof Error) || error instanceof TemporalFailure || error.name === 'AbortError') throw error;
      throw Object.assign(ApplicationFailure.fromError(error), { code: codeOf(error) });
    }
  },
};
