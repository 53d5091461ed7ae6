import type { ImapFlow } from 'imapflow';
import { internals } from './flow-internals.ts';
import { nameToken } from './folder-commands.ts';
import { readStatus } from './list.ts';
import type { StatusItems } from './list.ts';

/** Commands under way at a time (RFC 9051 section 5.5): the answers of many folders then take the time of one. */
const WINDOW = 50;
const TAG = 'st';
/** A server that says nothing for so long while it is asked will not answer: a person may wait in front of a form. */
const SILENCE_MS = 15_000;

/** The connection ended, or fell silent, before this folder's STATUS was answered: servers answer one after the other. */
export class StatusUnanswered extends Error {
  readonly wire: string;
  readonly reason: unknown;

  constructor(wire: string, reason: unknown) {
    super('NoConnection');
    this.wire = wire;
    this.reason = reason;
  }
}

/**
 * STATUS of many folders, by name, each asked before the last one is answered; ImapFlow would wait for every answer. A
 * refusal leaves its folder out, and so does a name that only a literal can carry.
 */
export async function askStatuses(
  flow: ImapFlow,
  wires: readonly string[],
  items: readonly string[],
): Promise<Map<string, StatusItems>> {
  const inner = internals(flow);
  const { handleResponse } = inner;
  const statuses = new Map<string, StatusItems>();
  const asked = wires.flatMap((wire) => commandOf(wire, items).map((command) => ({ wire, command })));
  const waiting = new Set(asked.keys());
  let sent = 0;
  const send = () => {
    while (sent < asked.length && sent - (asked.length - waiting.size) < WINDOW)
      inner.write.call(flow, Buffer.from(`${TAG}${sent} ${asked[sent++]?.command}`, 'latin1'));
  };
  if (asked.length === 0) return statuses;
  const done = Promise.withResolvers<void>();
  const lost = () => done.reject(new StatusUnanswered(asked[Math.min(...waiting)]?.wire ?? '', inner.byeReason));
  const silence = setTimeout(lost, SILENCE_MS);
  inner.handleResponse = async (line) => {
    silence.refresh();
    const begins = line.payload.toString('latin1', 0, 12);
    if (begins.startsWith(TAG)) {
      waiting.delete(Number.parseInt(begins.slice(TAG.length), 10));
      send();
      if (waiting.size === 0) done.resolve();
    } else if (/^\* STATUS /i.test(begins)) {
      readStatus(statuses, line);
    } else return handleResponse.call(flow, line);
    return true;
  };
  flow.once('close', lost);
  try {
    send();
    await done.promise;
  } finally {
    clearTimeout(silence);
    flow.off('close', lost);
    inner.handleResponse = handleResponse;
  }
  return statuses;
}

function commandOf(wire: string, items: readonly string[]): string[] {
  const token = nameToken(wire);
  if (token === null || typeof token !== 'object' || !('type' in token) || token.type === 'LITERAL') return [];
  const name = token.type === 'STRING' ? `"${wire.replaceAll(/["\\]/g, '\\$&')}"` : wire;
  return [`STATUS ${name} (${items.join(' ')})`];
}
