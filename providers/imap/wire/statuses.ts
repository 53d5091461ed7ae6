import type { ImapFlow } from 'imapflow';
import { internals } from './flow-internals.ts';
import { nameToken } from './folder-commands.ts';
import { readStatus } from './list.ts';
import type { StatusItems } from './list.ts';

/** Commands under way at a time (RFC 9051 section 5.5): the answers of many folders then take the time of one. */
const WINDOW = 50;
const TAG = 'st';

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
  const commands = wires.flatMap((wire) => commandOf(wire, items));
  let sent = 0;
  let answered = 0;
  const send = () => {
    while (sent < commands.length && sent - answered < WINDOW)
      inner.write.call(flow, Buffer.from(`${TAG}${sent} ${commands[sent++]}`, 'latin1'));
  };
  if (commands.length === 0) return statuses;
  const done = Promise.withResolvers<void>();
  const lost = () => done.reject(Object.assign(new Error('NoConnection'), { reason: inner.byeReason }));
  inner.handleResponse = async (line) => {
    const begins = line.payload.toString('latin1', 0, 12);
    if (begins.startsWith(TAG)) {
      answered++;
      send();
      if (answered >= commands.length) done.resolve();
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
