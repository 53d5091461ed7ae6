import type { ChannelRow } from '../../db/channels/channels.ts';
import { isSameAddress } from '../../domain/address.ts';
import type { AccessWords } from '../../providers/contract.ts';
import type { Task } from '../mail-kinds.ts';
import type { MailItem } from './mail-input.ts';

type Described = Pick<
  ChannelRow,
  'accountEmail' | 'accountLogin' | 'action' | 'importMode' | 'status' | 'statusReason'
>;

/** The facts of a mail that the channel's row does not hold. */
type Told = Pick<MailItem, 'credential' | 'isOwnLogin' | 'since' | 'until' | 'missed' | 'link'> &
  Partial<Pick<MailItem, 'reason' | 'task'>>;

/**
 * One channel for `composeMail`.
 * @param access the adapter's words; undefined: its access type is no longer configured
 */
export function itemOfChannel(channel: Described, access: AccessWords | undefined, told: Told): MailItem {
  const reason = told.reason === undefined ? channel.statusReason : told.reason;
  const { accountEmail: mailbox, accountLogin: login } = channel;
  return {
    mailbox,
    login: isSameAddress(mailbox, login) ? null : login,
    provider: properName(access),
    task: taskOf(channel),
    imports: channel.importMode !== 'off',
    ...told,
    reason,
    isAmbiguous: reason !== null && access?.causes[reason] !== undefined,
  };
}

/** "the mail server" is no name: each language has its own word for it. */
function properName(access: AccessWords | undefined): string | null {
  return access === undefined || access.provider.startsWith('the ') ? null : access.provider;
}

function taskOf({ action, status, statusReason }: Described): Task {
  switch (action) {
    case 'reauthorize':
      return 'sign_in';
    case 'change_access':
      return 'change_access';
    case 'admin_consent':
      // Any other rule or setting is not changed by an approval of the app.
      return statusReason === 'admin_consent_required' ? 'approve' : 'ask_to_allow';
    case 'contact_support':
      return status === 'reauth_required' ? 'sign_in' : 'ask_administrator';
    case 'fix_app_credentials':
    case 'none':
      return 'none';
  }
}
