import type { Context } from '../runtime/context.ts';
import { VaultError } from '../crypto/vault.ts';
import type { Binding } from '../crypto/vault.ts';
import { changeChannel } from '../channels/wake.ts';
import { findCredential } from '../db/credentials/credentials.ts';
import {
  boundKindOf,
  countRecords,
  dropAdoptionsSealedUnder,
  endRestsSealedUnder,
  isSealed,
  listChannelsSealedUnder,
  listRecordsUnlike,
  RECORD_KINDS,
  replaceRecords,
} from '../db/across-tenants/vault-records.ts';
import type { RecordCount, RecordKind, RenewedRecord, VaultRecord } from '../db/across-tenants/vault-records.ts';
import type { Verdict } from '../domain/verdict.ts';
import { followUp, settleRefusal } from './outcomes.ts';

/** In one statement, whose rows a refresh may be waiting for. Parts of messages have up to 350 KB each. */
const recordsAtOnce = (kind: RecordKind) => (kind === 'message_part' ? 20 : 100);

export interface Rewrapping {
  rewrapped: number;
  /** Records that do not open; their rows' keys. They stay as they are. */
  rejected: string[];
  counts: RecordCount[];
}

/**
 * Puts every lasting record of the vault under the current keys while everything runs (S-22). It can be stopped at any
 * time and run again: finished records are recognised by their key id, and a record that was replaced meanwhile is
 * already under the current key. Throws `vault_key_absent` if the keys file lacks a key.
 */
export async function rewrapVault(context: Context): Promise<Rewrapping> {
  const rejected: string[] = [];
  let rewrapped = 0;
  for (const kind of RECORD_KINDS) rewrapped += await rewrapKind(context, kind, rejected);
  const now = await context.clock.now();
  return { rewrapped, rejected, counts: await countRecords(context.database, now) };
}

async function rewrapKind(context: Context, kind: RecordKind, rejected: string[]): Promise<number> {
  const keyId = context.vault.currentKey(isSealed(kind) ? 'sealed' : 'encrypted');
  let rewrapped = 0;
  for (let after: string[] | null = null; ;) {
    const page: { keyId: string; after: string[] | null; limit: number } = { keyId, after, limit: recordsAtOnce(kind) };
    const records = await listRecordsUnlike(context.database, kind, page);
    rewrapped += await rewrapRecords(context, kind, records, rejected);
    after = records.at(-1)?.key ?? null;
    if (after === null) return rewrapped;
  }
}

async function rewrapRecords(
  context: Context,
  kind: RecordKind,
  records: VaultRecord[],
  rejected: string[],
): Promise<number> {
  const renewed: RenewedRecord[] = [];
  for (const old of records) {
    const record = await rewrap(context, old);
    if (record === null) rejected.push(`${old.kind} ${old.key.join('/')}`);
    else renewed.push({ old, record });
  }
  return replaceRecords(context.database, kind, renewed);
}

/** null when the record does not open with the key it names. */
async function rewrap(
  { vault }: Context,
  { kind, tenant, owner, version, record }: VaultRecord,
): Promise<string | null> {
  const binding: Binding = { tenant, owner, kind: boundKindOf(kind), version };
  try {
    return isSealed(kind)
      ? await vault.seal(await vault.open(record, binding), binding)
      : await vault.encrypt(await vault.decrypt(record, binding), binding);
  } catch (error) {
    if (error instanceof VaultError && error.code === 'vault_record_rejected') return null;
    throw error;
  }
}

/** A holder of the leaked key has the grant, so it counts as withdrawn, even if it still works. */
const BURNT: Verdict = {
  kind: 'reauth_required',
  reason: 'access_revoked',
  retryAfterMs: null,
  providerCode: 'vault_key_burnt',
  vague: false,
  tokenRefused: false,
};

/**
 * For a leaked sealing key: asks for a new sign-in on every channel whose secret was sealed under it, and returns their
 * ids. Then re-wraps these secrets under the current key, so that the leaked key can leave the keys file while grants
 * are still to be revoked. Refused while new secrets are sealed under that key. Idempotent: a channel with a new
 * sign-in rests on another key.
 */
export async function giveUpKey(context: Context, keyId: string): Promise<string[]> {
  if (context.vault.currentKey('sealed') === keyId) {
    throw new Error(`New secrets are still sealed under "${keyId}"; make another key current first`);
  }
  // No channel rests on them yet: the product's next request is told that the token is refused.
  await dropAdoptionsSealedUnder(context.database, keyId);
  await endRestsSealedUnder(context.database, keyId, await context.clock.now());
  const channels = await listChannelsSealedUnder(context.database, keyId);
  for (const { id, tenantId } of channels) {
    const settled = await changeChannel(context, { tenantId, channelId: id }, async (waking, channel) => {
      const credential = await findCredential(waking.tx, id);
      if (!credential) return null;
      const refusal = { credentialVersion: credential.version, tried: 'credential' as const, verdict: BURNT };
      const refused = await settleRefusal(context, waking, channel, refusal);
      await waking.wake(refused.row);
      return refused;
    });
    if (settled) await followUp(context, settled);
  }
  for (const kind of RECORD_KINDS) if (isSealed(kind)) await rewrapKind(context, kind, []);
  return channels.map(({ id }) => id);
}
