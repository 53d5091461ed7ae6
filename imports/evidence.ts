import type { ChannelRow } from '../db/channels/channels.ts';
import { countFingerprints, findFingerprints } from '../db/messages/fingerprints.ts';
import type { ListedItem, ScopeReference, Session } from '../providers/contract.ts';
import type { Context } from '../runtime/context.ts';
import { HEADER_FINGERPRINT, headerFingerprint } from './fetching/fingerprint.ts';
import { readMessageHeaders } from './fetching/headers.ts';
import { keyOf } from './fetching/keys.ts';

/** How much of a channel's stored mail was found at the account of another access. */
export interface Evidence {
  /** Stored messages with a Message-ID, equal ones counted once; counted up to ENOUGH. */
  stored: number;
  /** How many of them are there; at most `stored`. */
  matched: number;
}

/** As many matches are a mailbox; below the least a few copied messages would pass for one. */
const ENOUGH = 20;
const LEAST = 5;

const DAY_MS = 86_400_000;
/** How far back it looks, step by step, while too little is found. The last is longer than mail has existed. */
const LOOKS_BACK_MS = [30 * DAY_MS, 400 * DAY_MS, 100 * 365 * DAY_MS];
/** Headers that are read per step, and how many at once. */
const MOST_HEADERS = 3_000;
const BATCH = 50;
const PAGE_ITEMS = 5_000;
const MOST_ITEMS = 50_000;
/** A person waits in front of the form. */
const PATIENCE_MS = 20_000;
/** Longer fields than any that is stored, and short enough to be read within a turn of the loop. */
const MOST_BYTES = 16 * 1024;

/** Whether there is enough to compare with: a channel that imports nothing has only what it once had. */
export function isComparable({ importMode }: Pick<ChannelRow, 'importMode'>, { stored }: Evidence): boolean {
  return importMode !== 'off' && stored >= LEAST;
}

export function isSameMailbox({ stored, matched }: Evidence): boolean {
  return matched >= stored;
}

/**
 * Looks for a channel's stored mail at the account of an open session. The server is told nothing of what is stored: it is
 * asked for the headers of its newest messages, as any client asks, and cannot work out a match from that. A stored message
 * counts once, however often the server has it, and one without a Message-ID not at all: those are easily equal.
 */
export async function gatherEvidence(
  { database, clock }: Pick<Context, 'database' | 'clock'>,
  session: Session,
  channel: ChannelRow,
): Promise<Evidence> {
  const place = { channelId: channel.id, prefix: HEADER_FINGERPRINT };
  const stored = await database.inTenant(channel.tenantId, (tx) => countFingerprints(tx, place, ENOUGH));
  const matched = new Set<string>();
  if (!isComparable(channel, { stored, matched: 0 })) return { stored, matched: 0 };
  for await (const headers of newestHeaders(session, await clock.now())) {
    const asked = await fingerprintsOf(headers);
    const known = await database.inTenant(channel.tenantId, (tx) => findFingerprints(tx, channel.id, asked));
    for (const fingerprint of known) matched.add(fingerprint);
    if (matched.size >= stored) break;
  }
  return { stored, matched: Math.min(stored, matched.size) };
}

async function fingerprintsOf(headers: Uint8Array[]): Promise<string[]> {
  const fingerprints = new Set<string>();
  for (const fields of headers) {
    const { identity } = await readMessageHeaders(fields.subarray(0, MOST_BYTES));
    if (identity !== null) fingerprints.add(headerFingerprint(identity));
  }
  return [...fingerprints];
}

interface Placed {
  scope: ScopeReference;
  item: ListedItem;
}

/** Headers in batches, those of the newest messages of every part first. */
async function* newestHeaders(session: Session, now: Date): AsyncGenerator<Uint8Array[]> {
  if (!session.readHeaders) return;
  const endsAtMs = performance.now() + PATIENCE_MS;
  const parts = await session.parts();
  const read = new Set<string>();
  for (const backMs of LOOKS_BACK_MS) {
    const from = new Date(Math.max(0, now.getTime() - backMs));
    const found = (await listParts(session, parts, from, endsAtMs)).filter((placed) => !read.has(nameOf(placed)));
    for (const batch of batchesOf(found)) {
      if (performance.now() > endsAtMs) return;
      for (const placed of batch) read.add(nameOf(placed));
      const [first] = batch;
      if (first)
        yield await session.readHeaders(
          first.scope,
          batch.map(({ item }) => item),
        );
    }
  }
}

const nameOf = ({ scope, item }: Placed) => `${scope.scope} ${keyOf(item)}`;

/** Of each part the newest first. */
async function listParts(session: Session, parts: ScopeReference[], from: Date, endsAtMs: number): Promise<Placed[]> {
  const window = { from, to: new Date(Date.UTC(9_000, 0)) };
  const found: Placed[] = [];
  for (const scope of parts) {
    const listed: Placed[] = [];
    let isNewestFirst = false;
    let isOver = false;
    for (let position: string | null = null; ;) {
      const page = await session.listWindow(scope, window, position, PAGE_ITEMS);
      listed.push(...page.items.map((item) => ({ scope, item })));
      isNewestFirst = page.newestFirst ?? false;
      isOver = found.length + listed.length > MOST_ITEMS || performance.now() > endsAtMs;
      if (page.position === null || isOver) break;
      ({ position } = page);
    }
    found.push(...(isNewestFirst ? listed : listed.toReversed()));
    if (isOver) break;
  }
  return found;
}

/** Of one part each, by turns, newest first. */
function batchesOf(found: Placed[]): Placed[][] {
  const newest = Map.groupBy(found, ({ scope }) => scope.scope);
  const batches = [...newest.values()].flatMap((placed) =>
    Array.from({ length: Math.ceil(placed.length / BATCH) }, (_, turn) => ({
      turn,
      batch: placed.slice(turn * BATCH, (turn + 1) * BATCH),
    })),
  );
  const byTurns = batches.toSorted((a, b) => a.turn - b.turn).map(({ batch }) => batch);
  return byTurns.slice(0, MOST_HEADERS / BATCH);
}
