import type { ChannelView } from '../domain/workflow/channel-view.ts';
import { maskAddress } from '../domain/redaction/mask-address.ts';
import type { Deed } from '../domain/due.ts';

/*
 * What an operator reads in Temporal Web. Words only: no secrets, no cursors, no whole address.
 */

/** The channel's state, for the top of the workflow's page (Markdown). */
export function describeChannel(view: ChannelView): string {
  const lines = [
    `**${maskAddress(view.account)}** is **${view.status.replaceAll('_', ' ')}** since ${time(view.since)}.`,
  ];
  if (view.reason) lines.push(`Reason: ${view.reason.replaceAll('_', ' ')}. Who must act: ${whoActs(view.action)}.`);
  lines.push(`Credential version ${view.credentialVersion}${expiry(view)}.`);
  if (view.coveredUntil) lines.push(`Everything up to ${time(view.coveredUntil)} is stored.`);
  for (const id of view.importIds) lines.push(`Importing: workflow \`import/${id}\`.`);
  lines.push(view.due ? `Next: ${deedWords(view.due.deed)} at ${time(view.due.at)}.` : 'Waiting for a change.');
  return lines.join('\n\n');
}

/** The summary of a timer: what the workflow waits for. */
export function describeSleep(view: ChannelView): string {
  if (view.due) return `sleep until ${deedWords(view.due.deed)}, ${time(view.due.at)}`;
  return view.status === 'reauth_required' ? 'waiting for reauthorization' : `waiting while ${view.status}`;
}

function deedWords(deed: Deed): string {
  switch (deed) {
    case 'disconnect':
      return 'revoke and shred the credential';
    case 'refresh':
      return 'refresh the access token';
    case 'check':
      return 'verify the connection';
    case 'poll':
      return 'poll for new messages';
    case 'renew':
      return 'renew the subscription to news';
    case 'audit':
      return 'compare the last two days with the provider';
    case 'remind':
      return 'remind the person who must act';
    case 'look':
      return 'look at the row';
  }
}

function whoActs(action: ChannelView['action']): string {
  switch (action) {
    case 'none':
      return 'no person; Mooring retries';
    case 'reauthorize':
      return 'the owner, by signing in again';
    case 'change_access':
      return 'the owner, by changing the access type';
    case 'admin_consent':
      return "the customer's admin";
    case 'fix_app_credentials':
      return 'the operator: the client id or secret';
    case 'contact_support':
      return 'support';
  }
}

const expiry = (view: ChannelView) =>
  view.tokenExpiresAt ? `, its access token lives until ${time(view.tokenExpiresAt)}` : '';
const time = (ms: number) => `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
