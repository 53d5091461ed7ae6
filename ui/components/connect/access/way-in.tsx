import type { ConnectSession } from '../../../../api/schemas/connect.ts';
import type { SignIn } from '../../../../api/schemas/sign-in.ts';
import { NextSteps } from '../next-steps.tsx';
import { PasswordForm } from '../password-form.tsx';
import { ProviderSignIn } from '../provider-sign-in.tsx';

interface WayProps {
  link: string;
  session: ConnectSession;
  way: SignIn;
  /** The sign-in changes how the account is reached. */
  changes?: boolean;
}

/** What will happen at one way to sign in, and the sign-in itself. */
export function WayIn({ link, session, way, changes = false }: WayProps) {
  return (
    <>
      {session.result === null && <NextSteps session={session} way={way} changes={changes} />}
      {way.oauth.length > 0 && <ProviderSignIn link={link} session={session} way={way} changes={changes} />}
      {way.password && <PasswordForm link={link} session={session} way={way} asks={way.password} changes={changes} />}
    </>
  );
}
