import type { Secret } from '../../../domain/secret.ts';

/** A mechanism's name of our own: under `XOAUTH2` nodemailer prefers PLAIN, and drops the line that refuses a token. */
export const BEARER = 'BEARER';

/** A command sent while nodemailer logs in, and the reply. */
interface Dialogue {
  sendCommand(command: string): Promise<{ status: number }>;
}

/**
 * AUTH XOAUTH2 (developers.google.com/workspace/gmail/imap/xoauth2-protocol). Some servers send a challenge before they
 * refuse a token, others none: the last reply decides, and stands in the error.
 */
export function bearerLogin(username: string, token: Secret) {
  const response = Buffer.from(`user=${username}\x01auth=Bearer ${token.reveal()}\x01\x01`).toString('base64');
  return async (dialogue: Dialogue): Promise<void> => {
    const first = await dialogue.sendCommand(`AUTH XOAUTH2 ${response}`);
    const last = first.status === 334 ? await dialogue.sendCommand('') : first;
    if (last.status < 200 || last.status >= 300) throw new Error('The token was not accepted');
  };
}
