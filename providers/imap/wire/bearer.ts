import type { Secret } from '../../../domain/secret.ts';

/** How a mail server takes an access token (SASL). */
export interface BearerMechanism {
  name: 'XOAUTH2' | 'OAUTHBEARER';
  /** The initial response, in base64. */
  response: (username: string, token: Secret) => string;
  /** What the client says after a challenge, which tells why the token is refused; the refusal follows. */
  afterChallenge: string;
}

const base64 = (text: string) => Buffer.from(text).toString('base64');

/** As Google, Microsoft and Yahoo document it (developers.google.com/workspace/gmail/imap/xoauth2-protocol). */
export const XOAUTH2: BearerMechanism = {
  name: 'XOAUTH2',
  response: (username, token) => base64(`user=${username}\x01auth=Bearer ${token.reveal()}\x01\x01`),
  afterChallenge: '',
};

/** RFC 7628 section 3.1, for a server that takes no other; commas and equals signs of a name are written as RFC 5801 has them. */
export const OAUTHBEARER: BearerMechanism = {
  name: 'OAUTHBEARER',
  response(username, token) {
    const name = username.replaceAll('=', '=3D').replaceAll(',', '=2C');
    return base64(`n,a=${name},\x01auth=Bearer ${token.reveal()}\x01\x01`);
  },
  afterChallenge: base64('\x01'),
};
