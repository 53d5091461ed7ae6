import { vagueCauseSentence } from '../../domain/words/causes.ts';
import { passwordNoteSentence } from '../../domain/words/password-notes.ts';
import type { AccessType } from '../../domain/access-type.ts';
import type { VagueCause } from '../../domain/words/causes.ts';
import type { StatusReason } from '../../domain/verdict.ts';
import type { ChannelRow } from '../../db/channels/channels.ts';
import type { Context } from '../../runtime/context.ts';
import type { Channel } from '../schemas/channels.ts';
import type { SignIn } from '../schemas/sign-in.ts';

/** How people sign in with these access types; one that is not configured is left out. */
export function presentSignIn({ providers }: Pick<Context, 'providers'>, accessTypes: Iterable<AccessType>): SignIn[] {
  return [...accessTypes].flatMap((accessType) => {
    const adapter = providers.get(accessType);
    if (!adapter) return [];
    const { words, signIn } = adapter;
    return {
      access_type: accessType,
      label: words.label,
      provider: words.provider,
      hint: words.hint,
      oauth: signIn.oauth.map(({ provider, label }) => ({ provider, label })),
      password: signIn.password && {
        server: signIn.password.server,
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

/** What a channel's access is called; in plain words where it is no longer configured. */
export function presentAccess(
  { providers }: Pick<Context, 'providers'>,
  { accessType, accountLogin }: ChannelRow,
): Channel['access'] {
  const words = providers.get(accessType)?.words;
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
  { providers }: Pick<Context, 'providers'>,
  { accessType, statusReason }: ChannelRow,
): StatusReason | VagueCause | null {
  if (statusReason === null) return null;
  return providers.get(accessType)?.words.causes[statusReason] ?? statusReason;
}
