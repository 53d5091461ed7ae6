import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SignJWT, decodeProtectedHeader } from 'jose';
import type { CryptoKey, KeyObject } from 'jose';
import { openGoogleClient } from '../../sandbox/google/oauth/client.ts';
import { PUSH_SERVICE_ACCOUNT } from '../../sandbox/google/push.ts';

/** What the pushes' tokens are made out to here: the API's address is not known before it listens. */
export const AUDIENCE = 'https://mooring.example/push/google';

/** What a stage needs to be told of Gmail's news. */
export const PUSH_VARIABLES = {
  GOOGLE_PUBSUB_TOPIC: 'projects/mooring-sandbox/topics/gmail',
  GOOGLE_PUBSUB_AUDIENCE: AUDIENCE,
  GOOGLE_PUBSUB_SERVICE_ACCOUNT: PUSH_SERVICE_ACCOUNT,
};

/** A notification as Pub/Sub wraps it. */
export function envelopeOf(emailAddress: string, historyId: number | string) {
  const data = Buffer.from(JSON.stringify({ emailAddress, historyId })).toString('base64');
  const message = { data, messageId: '2070443601311540', publishTime: '2026-11-28T16:00:00.000Z' };
  return { message, subscription: 'projects/mooring-sandbox/subscriptions/gmail' };
}

interface Signing {
  alg?: string;
  signWith?: KeyObject | CryptoKey | Uint8Array;
  lifeS?: number;
}

/** Tokens signed with the very key that the sandbox's Google shows, and with others. */
export function googleSigning(stageDir: string) {
  const dir = join(stageDir, 'sandbox');
  const stored = JSON.parse(readFileSync(join(dir, 'google-client.json'), 'utf8')) as { signing_key: string };
  const key = createPrivateKey(stored.signing_key);
  const { kid = '' } = decodeProtectedHeader(openGoogleClient(dir).sign({}));
  return async (
    claims: Record<string, unknown> = {},
    { alg = 'RS256', signWith = key, lifeS = 3600 }: Signing = {},
  ): Promise<string> => {
    const iat = Math.floor(Date.now() / 1000);
    return new SignJWT({
      iss: 'https://accounts.google.com',
      aud: AUDIENCE,
      email: PUSH_SERVICE_ACCOUNT,
      email_verified: true,
      iat,
      exp: iat + lifeS,
      ...claims,
    })
      .setProtectedHeader({ alg, kid, typ: 'JWT' })
      .sign(signWith);
  };
}
