import { hostname } from 'node:os';
import { join } from 'node:path';
import type { WorkflowHistory } from '../support/engine.ts';
import type { Recorded } from './recorded.ts';

/** A fetched history as it is recorded: plain, and without the names of machines, processes and folders. */
export function toRecorded(history: WorkflowHistory): Recorded['history'] {
  return impersonal(plain(history)) as Recorded['history'];
}

/** The SDK's way to canonical JSON needs one copy of protobufjs to be installed; the message's own way does not. */
function plain(history: WorkflowHistory): unknown {
  const type = history.constructor as unknown as { toObject(message: unknown, options: object): unknown };
  return type.toObject(history, { longs: Number, bytes: String });
}

/** One event a line: readable in a diff, and not ten thousand lines. */
export function pretty({ workflowId, history }: Recorded): string {
  const lines = history.events.map((event) => `  ${JSON.stringify(event)}`);
  return `{"workflowId": ${JSON.stringify(workflowId)}, "history": {"events": [\n${lines.join(',\n')}\n]}}`;
}

/** Without the names of machines, processes and folders; a sticky queue is named after its process. */
function impersonal(value: unknown): unknown {
  const root = join(import.meta.dirname, '../..');
  const sticky = new RegExp(`\\d+@${hostname()}`, 'g');
  if (typeof value === 'string') {
    return value.replaceAll(`file://${root}/`, '').replaceAll(`${root}/`, '').replaceAll(sticky, 'worker');
  }
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(impersonal);
  const told = Object.entries(value).filter(([key]) => key !== 'identity' && key !== 'workerVersion');
  return Object.fromEntries(told.map(([key, entry]) => [key, impersonal(entry)]));
}
