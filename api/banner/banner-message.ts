import { accessWordsOf } from '../../channels/access-words.ts';
import type { Way } from '../../channels/access-words.ts';
import type { ChannelRow } from '../../db/channels/channels.ts';
import type { Locale } from '../../domain/locale.ts';
import { wordsOf } from '../../notifications/words/words-of.ts';
import type { ApiContext } from '../api-context.ts';
import { BANNER_WORDS } from './banner-words.ts';

interface Reader {
  locale: Locale;
  /** The tenant's name for people. */
  tenantName: string;
  /** The reader looks after the channels; else any person of the tenant may read it. */
  isTheirOwn: boolean;
}

/** Why a channel stands still, in the words of the mails, and who has to do what: in the reader's language. */
export function bannerMessage(
  context: Pick<ApiContext, 'providers'>,
  row: ChannelRow,
  { credential, reader }: { credential: Way | null; reader: Reader },
): string {
  return `${causeOf(context, row, credential, reader)}${wordsOf(reader.locale).betweenSentences}${nextStep(row, reader)}`;
}

function causeOf(
  context: Pick<ApiContext, 'providers'>,
  row: ChannelRow,
  credential: Way | null,
  { locale }: Reader,
): string {
  const words = wordsOf(locale);
  const access = accessWordsOf(context, row, credential);
  const { statusReason: reason, accountLogin: login } = row;
  // "the mail server" is no name: each language has its own word for it.
  const name = access === undefined || access.provider.startsWith('the ') ? null : access.provider;
  const facts = { provider: words.party(name), login };
  if (reason === null) return words.withoutReason(facts);
  if (access?.causes[reason] === undefined) return words.reasons[reason](facts);
  return words.ambiguous[row.server === null ? 'grant' : 'password'](facts);
}

function nextStep({ status, statusReason, action, kind, owner, ...row }: ChannelRow, reader: Reader): string {
  const words = BANNER_WORDS[reader.locale];
  if (action === 'admin_consent') {
    return statusReason === 'admin_consent_required' ? words.approve : words.askToAllow;
  }
  if (status !== 'reauth_required') return words.askAdministrator;
  if (reader.isTheirOwn) return row.importMode === 'off' ? words.signIn : words.signInUnharmed;
  if (kind === 'shared') return words.adminSignsIn(reader.tenantName);
  // The address of the owner may be private; the mailbox is named already.
  return words.personSignsIn(owner?.name ?? row.accountEmail);
}
