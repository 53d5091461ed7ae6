import { signInAt } from './connect.ts';
import { secret } from './minting.ts';
import type { Stage } from './stage.ts';

/** A refresh token as a product holds it that had its people sign in before it had Mooring: none of ours knows it. */
export async function grantOfProduct(stage: Pick<Stage, 'context' | 'sandbox'>, email: string): Promise<string> {
  await stage.sandbox.account('google', email, { password: secret('password') });
  const { refreshToken } = await signInAt(stage, { accessType: 'gmail', provider: 'google' }, email);
  if (!refreshToken) throw new Error('The consent brought no refresh token');
  return refreshToken.reveal();
}
