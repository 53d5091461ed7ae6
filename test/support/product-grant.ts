import { createPkce } from '../../providers/oauth.ts';
import { secret } from './minting.ts';
import type { Stage } from './stage.ts';

/** A refresh token as a product holds it that had its people sign in before it had Mooring: none of ours knows it. */
export async function grantOfProduct(
  { context, sandbox }: Pick<Stage, 'context' | 'sandbox'>,
  email: string,
): Promise<string> {
  const oauth = context.providers.get('gmail')?.signIn.oauth[0];
  if (!oauth) throw new Error('Gmail is not configured');
  await sandbox.account('google', email, { password: secret('password') });
  const { codeVerifier, codeChallenge } = createPkce();
  const redirectUri = 'http://127.0.0.1:9/oauth/google/callback';
  const sent = {
    redirectUri,
    codeChallenge,
    state: 'state',
    uses: ['read' as const],
    loginHint: null,
    isShared: false,
    context: {},
  };
  const back = new URL(await sandbox.consent(oauth.authorizationUrl(sent).href, email));
  const code = back.searchParams.get('code') ?? '';
  const answer = await oauth.exchangeRequest(
    { redirectUri, code, codeVerifier, context: {} },
    AbortSignal.timeout(10_000),
  );
  const { refreshToken } = oauth.processTokenAnswer(answer);
  if (!refreshToken) throw new Error('The consent brought no refresh token');
  return refreshToken.reveal();
}
