import type { Context as ActivityContext } from '@temporalio/activity';
import type { ActivityExecuteInput, ActivityInboundCallsInterceptor, Next } from '@temporalio/worker';

/** A third of the heartbeat timeout: two heartbeats may be lost before a living worker counts as dead. */
const EVERY_MS = 5_000;

/** Heartbeats while an activity runs, so that a killed worker is detected within 15 s. */
export function signOfLife(activity: ActivityContext): ActivityInboundCallsInterceptor {
  return {
    async execute(input: ActivityExecuteInput, next: Next<ActivityInboundCallsInterceptor, 'execute'>) {
      const timer = setInterval(() => activity.heartbeat(), EVERY_MS);
      try {
        return await next(input);
      } finally {
        clearInterval(timer);
      }
    },
  };
}
