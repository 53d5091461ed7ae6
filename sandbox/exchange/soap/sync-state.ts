import { createHash } from 'node:crypto';

/** The content of a sync state, which is opaque to a client, and longer than any column that it might choose. */
export interface SyncPosition {
  readonly of: 'items' | 'hierarchy';
  readonly folder: string;
  readonly epoch: number;
  readonly seq: number;
}

/** Real states grow with the folder; no client may rely on a length. */
const LONGER_BY = 300;
const CHECKED = 12;

export function sealSyncState({ of, folder, epoch, seq }: SyncPosition): string {
  const text = JSON.stringify([of, folder, epoch, seq, ' '.repeat(LONGER_BY)]);
  return Buffer.from(`${digest(text)}${text}`).toString('base64');
}

/**
 * Undefined for a state that was cut short, or belongs to another folder, another operation or an earlier epoch.
 * Without a state everything is new.
 */
export function openSyncState(
  state: string | undefined,
  { of, folder, epoch }: Omit<SyncPosition, 'seq'>,
): { readonly seq: number } | undefined {
  if (!state) return { seq: 0 };
  const whole = Buffer.from(state, 'base64').toString();
  const text = whole.slice(CHECKED);
  if (whole.slice(0, CHECKED) !== digest(text)) return undefined;
  const [hasOf, hasFolder, hasEpoch, seq] = JSON.parse(text) as [string, string, number, number];
  return hasOf === of && hasFolder === folder && hasEpoch === epoch ? { seq } : undefined;
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64').slice(0, CHECKED);
}
