import type { ChannelRow } from '../../db/channels/channels.ts';
import type { Locale } from '../../domain/locale.ts';
import type { StatusReason } from '../../domain/verdict.ts';
import type { ApiContext } from '../api-context.ts';
import { presentAccess } from '../presenters/sign-in.ts';
import { BANNER_WORDS } from './banner-words.ts';
import type { BannerWords } from './banner-words.ts';

interface Reader {
  locale: Locale;
  /** What people call the tenant. */
  tenantName: string;
  /** The reader looks after the channels; else anybody of the tenant may read it. */
  isTheirOwn: boolean;
}

/** Why a channel stands still, and who has to do what: two sentences in the reader's language. */
export function bannerMessage(context: Pick<ApiContext, 'providers'>, row: ChannelRow, reader: Reader): string {
  const words = BANNER_WORDS[reader.locale];
  const { provider } = presentAccess(context, row);
  // Adapters name a provider by its own name, or by a noun with an article.
  const subject = provider.startsWith('the ') ? words.mailServer : provider;
  const cause = words.causes[(row.statusReason && CAUSES[row.statusReason]) ?? 'refused'](subject, row.accountEmail);
  return `${cause}${words.between}${nextStep(words, row, reader)}`;
}

/** A cause claims no more than every provider's answer can tell; other reasons are `refused`. */
const CAUSES: Partial<Record<StatusReason, keyof BannerWords['causes']>> = {
  password_changed: 'ended',
  access_revoked: 'ended',
  session_revoked: 'ended',
  token_idle_expired: 'expired',
  refresh_token_expired: 'expired',
  mfa_required: 'confirmation',
  conditional_access: 'confirmation',
  insufficient_scope: 'part',
  admin_consent_required: 'approval',
  admin_policy_enforced: 'approval',
  account_disabled: 'closed',
  mailbox_unavailable: 'closed',
};

function nextStep(words: BannerWords, { status, action, kind, owner, ...row }: ChannelRow, reader: Reader): string {
  if (action === 'admin_consent') return words.approve;
  if (status !== 'reauth_required') return words.askAdministrator;
  if (reader.isTheirOwn) return row.importMode === 'off' ? words.signIn : words.signInUnharmed;
  if (kind === 'shared') return words.adminSignsIn(reader.tenantName);
  // The address of the owner may be private; the mailbox is named already.
  return words.personSignsIn(owner?.name ?? row.accountEmail);
}
