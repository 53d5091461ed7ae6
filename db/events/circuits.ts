import { CLOSED_CIRCUIT } from '../../domain/limits/circuit.ts';
import type { Circuit } from '../../domain/limits/circuit.ts';
import type { DeliveryLane } from '../../domain/event.ts';
import { webhookEndpoints } from '../schema/events.ts';

/* An endpoint's row has a circuit for each lane of its deliveries. */

/** The values of the columns of both circuits. */
export type CircuitValues = Pick<
  typeof webhookEndpoints.$inferSelect,
  keyof Circuit | 'messageFailures' | 'messagesFailingSince' | 'messagesOpenUntil' | 'messagesAtOnce'
>;

/** The columns of each lane's circuit. */
export const CIRCUIT_COLUMNS = {
  lifecycle: {
    failures: webhookEndpoints.failures,
    failingSince: webhookEndpoints.failingSince,
    openUntil: webhookEndpoints.openUntil,
    atOnce: webhookEndpoints.atOnce,
  },
  messages: {
    failures: webhookEndpoints.messageFailures,
    failingSince: webhookEndpoints.messagesFailingSince,
    openUntil: webhookEndpoints.messagesOpenUntil,
    atOnce: webhookEndpoints.messagesAtOnce,
  },
} as const satisfies Record<DeliveryLane, Record<keyof Circuit, unknown>>;

/** A lane's circuit as the values of its columns. */
export function circuitValues(lane: DeliveryLane, circuit: Partial<Circuit>) {
  const { failures, failingSince, openUntil, atOnce } = circuit;
  const given =
    lane === 'lifecycle'
      ? { failures, failingSince, openUntil, atOnce }
      : {
          messageFailures: failures,
          messagesFailingSince: failingSince,
          messagesOpenUntil: openUntil,
          messagesAtOnce: atOnce,
        };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Partial<CircuitValues>;
}

/** Both circuits of an endpoint that was mended. */
export const closedCircuits = (): Partial<CircuitValues> => ({
  ...circuitValues('lifecycle', CLOSED_CIRCUIT),
  ...circuitValues('messages', CLOSED_CIRCUIT),
});
