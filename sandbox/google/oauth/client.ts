import { randomBytes, randomInt } from 'node:crypto';
import { join } from 'node:path';
import type { RegisteredClient } from '../../oauth/client.ts';
import { openClient } from '../../oauth/client.ts';

/** The client that is registered at Google. */
export function openGoogleClient(dir: string): RegisteredClient {
  return openClient(join(dir, 'google-client.json'), () => {
    const number = Array.from({ length: 12 }, () => randomInt(10)).join('');
    return {
      client_id: `${number}-${randomBytes(16).toString('hex')}.apps.googleusercontent.com`,
      client_secret: `GOCSPX-${randomBytes(21).toString('base64url')}`,
    };
  });
}
