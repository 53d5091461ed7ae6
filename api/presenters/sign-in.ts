import type { AccessType } from '../../domain/access-type.ts';
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
        notes: signIn.password.notes.map(({ domains, text }) => ({ domains: [...domains], text })),
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
  const filled = Object.entries(causes).map(([reason, text]) => [reason, text.replaceAll('{login}', accountLogin)]);
  return { label, provider, causes: Object.fromEntries(filled) as Record<string, string> };
}
