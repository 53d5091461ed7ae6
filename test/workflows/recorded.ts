import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

export const HISTORIES = join(import.meta.dirname, 'histories');

/**
 * A workflow's history as it was recorded from a real server: the protobuf message as a plain object, times and enums
 * as numbers, bytes in base64. The SDK takes it as it is.
 */
export interface Recorded {
  workflowId: string;
  history: { events: RecordedEvent[] };
}

type RecordedEvent = Record<string, unknown> & { eventId: number; eventType: number };

export function recordedHistories(): (Recorded & { name: string })[] {
  return readdirSync(HISTORIES)
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => ({
      name: file.replace(/\.json$/, ''),
      ...(JSON.parse(readFileSync(join(HISTORIES, file), 'utf8')) as Recorded),
    }));
}

/** Every string in a history, payloads decoded. */
export function textsOf(value: unknown, key = ''): string[] {
  if (typeof value === 'string') return [key === 'data' ? Buffer.from(value, 'base64').toString() : value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([inner, entry]) => textsOf(entry, inner));
}

/** What the sandbox's tokens, our ciphertexts and the recorded passwords look like. */
export const SECRET = /ya29\.|1\/\/0[\w-]{20}|eyJ[\w-]{20}|Bearer |correct-horse/;
