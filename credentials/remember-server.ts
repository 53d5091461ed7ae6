import type { Context } from '../runtime/context.ts';
import { findOtherLiveChannel, holdAccount, lockChannel, updateChannel } from '../db/channels/channels.ts';
import type { AccountKey, ChannelRow } from '../db/channels/channels.ts';
import type { Server } from '../domain/server.ts';

/**
 * Fills in the server of a password channel whose row does not tell it: an earlier release kept it in the sealed secret
 * alone. Until then no sign-in can be compared with the channel's account, and each is refused.
 */
export async function rememberServer(
  { database }: Pick<Context, 'database'>,
  { id, serverKey: known, accessVersion, ...account }: Pick<ChannelRow, 'id' | 'accessVersion' | keyof AccountKey>,
  { server, serverKey }: { server: Server; serverKey: string | undefined },
): Promise<void> {
  if (known !== '' || !serverKey) return;
  await database.inTenant(account.tenantId, async (tx) => {
    await holdAccount(tx, { ...account, serverKey });
    const row = await lockChannel(tx, id);
    // A channel that changed its access meanwhile may have no server at all.
    if (!row || row.serverKey !== '' || row.accessVersion !== accessVersion) return;
    const other = await findOtherLiveChannel(tx, { ...row, serverKey }, id);
    await updateChannel(tx, id, { server, serverKey, ...(other ? { mailboxKey: `${row.mailboxKey} ${id}` } : {}) });
  });
}
