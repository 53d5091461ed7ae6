import type { HttpAnswer } from '../../http-answer.ts';
import type { AccountRow } from '../rows.ts';
import type { Graph } from './request.ts';

/** Where a round of a delta stands. What the first request asked for stays fixed in it. */
export interface SyncToken {
  readonly kind: 'messages' | 'folders';
  readonly mailbox: string;
  readonly folder: string;
  /** Of the mailbox, when the token was given out. */
  readonly epoch: number;
  readonly generation: number;
  /** The last change that the round before had told; 0: there was none. */
  readonly from: number;
  /** The mailbox's newest change when the round began. */
  readonly began: number;
  /** The last change that was told. */
  readonly position: number;
  /** How many were told in this round. */
  readonly told: number;
  readonly query: Readonly<Record<string, string>>;
}

/** So many walks that begin in a mailbox age a token to death. */
const GENERATIONS_KEPT = 240;
const FIXED = ['$select', '$filter', '$orderby', '$top', 'changeType'];

interface Opening {
  readonly kind: SyncToken['kind'];
  readonly folder: string;
  readonly query: URLSearchParams;
  /** The path of a fresh start. */
  readonly start: string;
}

/** The token of a nextLink or deltaLink, or a new one; else the error. */
export function openSyncToken(graph: Graph, account: AccountRow, opening: Opening): SyncToken | HttpAnswer {
  const { kind, folder, query, start } = opening;
  const skipToken = query.get('$skiptoken');
  const given = skipToken ?? query.get('$deltatoken');
  // "latest" means nothing to mail: everything is told.
  if (given === null || given === 'latest') {
    const fixed = FIXED.flatMap((name) => (query.has(name) ? [[name, query.get(name) ?? '']] : []));
    const began = graph.store.mailbox(account.email).seq;
    const generation = graph.store.syncGeneration(account, 1);
    const made = {
      kind,
      folder,
      mailbox: account.oid,
      epoch: account.sync_epoch,
      generation,
      from: 0,
      began,
      position: 0,
      told: 0,
    };
    return { ...made, query: Object.fromEntries(fixed) as Record<string, string> };
  }
  const token = decode(given);
  if (token?.kind !== kind || token.mailbox !== account.oid || token.folder !== folder) return graph.errors.badToken();
  const highest = graph.store.syncGeneration(account);
  if (token.epoch === account.sync_epoch && token.generation > highest - GENERATIONS_KEPT) {
    const began = graph.store.mailbox(account.email).seq;
    return skipToken === null ? { ...token, from: token.position, began, told: 0 } : token;
  }
  return skipToken === null
    ? graph.errors.syncStateNotFound(token.generation, highest + GENERATIONS_KEPT)
    : graph.errors.resyncRequired(`${graph.address}/${start}`);
}

/** The link that an answer ends with: to the next page, or to the next round. */
export function sealSyncToken(
  graph: Graph,
  account: AccountRow,
  token: SyncToken,
  { more, path }: { readonly more: boolean; readonly path: string },
): Readonly<Record<string, string>> {
  const current = { ...token, epoch: account.sync_epoch, generation: graph.store.syncGeneration(account) };
  const text = Buffer.from(JSON.stringify(current)).toString('base64url');
  return more
    ? { '@odata.nextLink': `${graph.address}/${path}?$skiptoken=${text}` }
    : { '@odata.deltaLink': `${graph.address}/${path}?$deltatoken=${text}` };
}

function decode(text: string): SyncToken | undefined {
  try {
    const value = JSON.parse(Buffer.from(text, 'base64url').toString()) as SyncToken;
    return typeof value === 'object' && typeof value.position === 'number' ? value : undefined;
  } catch {
    return undefined;
  }
}
