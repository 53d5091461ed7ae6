import type { Context } from '../../runtime/context.ts';

const YEAR_S = 366 * 86_400;

/** The same stage with adapters that declare tokens of any life, so that weeks go by with few refreshes. */
export function withLongLivedTokens<Stage extends { context: Context }>(stage: Stage): Stage {
  const providers = new Map(
    [...stage.context.providers].map(([accessType, provider]) => {
      const oauth = provider.signIn.oauth.map((one) => ({ ...one, longestLifeSeconds: YEAR_S }));
      return [accessType, { ...provider, signIn: { ...provider.signIn, oauth } }] as const;
    }),
  );
  return { ...stage, context: { ...stage.context, providers } };
}
