import type { AccountRow, SubscriptionRow } from '../rows.ts';

/** How long a subscription rests on the token that it was made or renewed with. */
export const AUTHORIZED_MS = 3600_000;

/** A subscription as Graph shows it: its `clientState` only to the one who just made it. */
export function subscriptionResource(
  row: SubscriptionRow,
  account: AccountRow,
  { state }: { readonly state: boolean },
): Record<string, unknown> {
  return {
    id: row.id,
    resource: row.resource,
    changeType: row.change_types.join(','),
    clientState: state ? row.client_state : null,
    notificationUrl: row.notification_url,
    lifecycleNotificationUrl: row.lifecycle_url,
    expirationDateTime: new Date(row.expires_at).toISOString(),
    creatorId: account.oid,
    latestSupportedTlsVersion: 'v1_2',
    includeResourceData: null,
    encryptionCertificate: null,
  };
}
