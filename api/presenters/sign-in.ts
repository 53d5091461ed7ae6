import { accessWordsOf } from '../../channels/access-words.ts';
import type { Way } from '../../channels/access-words.ts';
import { vagueCauseSentence } from '../../domain/words/causes.ts';
import { loginPlaceLabel } from '../../domain/words/login-places.ts';
import { passwordNoteSentence } from '../../domain/words/password-notes.ts';
import type { AccessType } from '../../domain/access-type.ts';
import type { VagueCause } from '../../domain/words/causes.ts';
import type { StatusReason } from '../../domain/verdict.ts';
import type { ChannelRow } from '../../db/channels/channels.ts';
import type { Logins, Provider } from '../../providers/contract.ts';
import type { Context } from '../../runtime/context.ts';
import type { Channel } from '../schemas/channels.ts';
import type { SignIn } from '../schemas/sign-in.ts';

type Taken = Way & Pick<ChannelRow, 'accessType'>;

/**
 * How people sign in with these access types; one that is not configured is left out. A channel's own account is signed in
 * to in the way it was before: nothing else vouches for it.
 * @param taken by the channel of the link; null: the link is for no channel
 */
export function presentSignIn(
  { providers }: Pick<Context, 'providers'>,
  accessTypes: Iterable<AccessType>,
  taken: Taken | null,
): SignIn[] {
  return [...accessTypes].flatMap((accessType) => {
    const adapter = providers.get(accessType);
    if (!adapter) return [];
    const { words, capabilities } = adapter;
    const signIn = taken?.accessType === accessType ? waysOf(adapter, taken) : adapter.signIn;
    return {
      access_type: accessType,
      label: words.label,
      provider: words.provider,
      hint: words.hint,
      reaches_mailbox: capabilities.importsNothing !== true && capabilities.importsRecords !== true,
      imports: capabilities.importsNothing !== true,
      oauth: signIn.oauth.map(({ provider, label, logins, readsShared = false }) => ({
        provider,
        label,
        logins: logins ? presentLogins(logins) : null,
        reads_shared: readsShared,
      })),
      password: signIn.password && {
        server: signIn.password.server,
        smtp: signIn.password.discoverSubmission !== undefined,
        notes: signIn.password.notes.map(({ domains, kind, name }) => ({
          domains: [...domains],
          kind,
          name,
          text: passwordNoteSentence(kind, name),
        })),
      },
    };
  });
}

const presentLogins = ({ places, example }: Logins) => ({
  places: places.map(({ kind, url }) => ({ kind, url, label: loginPlaceLabel(kind) })),
  example,
});

function waysOf({ signIn }: Provider, { kind, oauthProvider }: Taken): Provider['signIn'] {
  if (kind === 'password') return { ...signIn, oauth: [] };
  const own = signIn.oauth.filter(({ provider }) => oauthProvider === null || provider === oauthProvider);
  return { oauth: own, password: null };
}

/** What a channel's access is called; in plain words where it is no longer configured. */
export function presentAccess(
  context: Pick<Context, 'providers'>,
  channel: ChannelRow,
  credential: Way | null,
): Channel['access'] {
  const { accessType, accountLogin } = channel;
  const words = accessWordsOf(context, channel, credential);
  if (!words) return { label: accessType, provider: 'the provider', causes: {} };
  const { label, provider, causes } = words;
  const said = Object.entries(causes).map(([reason, cause]) => [
    reason,
    vagueCauseSentence(cause, { provider, login: accountLogin }),
  ]);
  return { label, provider, causes: Object.fromEntries(said) as Record<string, string> };
}

/** Why a channel needs a sign-in, by a name that pages have words for; null where it does not. */
export function presentCause(
  context: Pick<Context, 'providers'>,
  channel: ChannelRow,
  credential: Way | null,
): StatusReason | VagueCause | null {
  const { statusReason } = channel;
  if (statusReason === null) return null;
  return accessWordsOf(context, channel, credential)?.causes[statusReason] ?? statusReason;
}
