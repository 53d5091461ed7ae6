import type { Secret } from '../../../domain/secret.ts';
import { OAUTHBEARER, XOAUTH2 } from '../wire/bearer.ts';
import type { BearerMechanism } from '../wire/bearer.ts';

/** A mechanism's name of our own: under `XOAUTH2` nodemailer prefers PLAIN, and drops the line that refuses a token. */
export const BEARER = 'BEARER';

/** A command sent while nodemailer logs in, and the reply. */
interface Dialogue {
  /** Those that the server offers and nodemailer knows; OAUTHBEARER is not among them. */
  authMethods: readonly string[];
  sendCommand(command: string): Promise<{ status: number }>;
}

/** Unrecognized authentication type (RFC 4954 section 6). */
const NO_SUCH_MECHANISM = 504;

/**
 * AUTH XOAUTH2, or OAUTHBEARER at a server that does not offer or does not know it. Some servers send a challenge before they refuse a token,
 * others none: the last reply decides, and stands in the error.
 */
export function bearerLogin(username: string, token: Secret) {
  return async (dialogue: Dialogue): Promise<void> => {
    const authenticate = async ({ name, response, afterChallenge }: BearerMechanism) => {
      const { status } = await dialogue.sendCommand(`AUTH ${name} ${response(username, token)}`);
      return status === 334 ? (await dialogue.sendCommand(afterChallenge)).status : status;
    };
    const isOffered = dialogue.authMethods.includes(XOAUTH2.name);
    const [one, other] = isOffered ? [XOAUTH2, OAUTHBEARER] : [OAUTHBEARER, XOAUTH2];
    const first = await authenticate(one);
    const last = first === NO_SUCH_MECHANISM ? await authenticate(other) : first;
    if (last < 200 || last >= 300) throw new Error('The token was not accepted');
  };
}
