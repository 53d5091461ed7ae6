import { errors, jwtVerify } from 'jose';
import type { JWTPayload, JWTVerifyGetKey } from 'jose';
import { normalAddress } from '../../domain/address.ts';
import { fetchedKeys, isMissingKeys } from '../answers/signing-keys.ts';
import { parseJson } from '../answers/text.ts';
import type { GooglePushConfig } from './configuration.ts';
import type { Http } from '../../net/http.ts';
import type { PushCapability, PushReceipt, PushRequest } from '../contract.ts';
import { cursor as cursorSchema, notification, pushEnvelope } from './schema.ts';

/** A watch lives for seven days; Google asks to renew it once a day. */
const RENEW_EVERY_MS = 86_400_000;
const ISSUERS = ['https://accounts.google.com', 'accounts.google.com'];
/** How far Google's clock may be from ours. */
const CLOCK_TOLERANCE_SECONDS = 60;

/**
 * Receives what Gmail tells a Pub/Sub topic and a subscription of it pushes on to us, with a token that Google has
 * signed (cloud.google.com/pubsub/docs/authenticate-push-subscriptions).
 */
export function createGmailPush(config: GooglePushConfig, http: Http): PushCapability {
  const keys = fetchedKeys(http, config.keysUrl);
  return {
    renewEveryMs: RENEW_EVERY_MS,
    // One watch per user and project: `users.stop` of one channel is everybody's.
    sharedByMailbox: true,
    coversMailbox: true,
    async receive(request) {
      const refusal = await refusalOf(config, keys, request);
      return refusal ?? understand(request.body);
    },
  };
}

async function refusalOf(
  config: GooglePushConfig,
  keys: JWTVerifyGetKey,
  { headers, now }: PushRequest,
): Promise<PushReceipt | null> {
  const [, token] = /^Bearer +(\S+)$/i.exec(headers['authorization'] ?? '') ?? [];
  if (token === undefined) return { outcome: 'forged', why: 'no token' };
  try {
    const { payload } = await jwtVerify(token, keys, {
      algorithms: ['RS256'],
      issuer: ISSUERS,
      audience: config.audience,
      requiredClaims: ['exp'],
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
      currentDate: now,
    });
    return isOurs(config, payload) ? null : { outcome: 'forged', why: 'email' };
  } catch (error) {
    return failureOf(error);
  }
}

/** Whose token it is: anybody may have Google make one out to any audience. */
function isOurs({ serviceAccount }: GooglePushConfig, { email, email_verified: verified }: JWTPayload): boolean {
  return verified === true && (serviceAccount === null || email === serviceAccount);
}

function failureOf(error: unknown): PushReceipt {
  if (isMissingKeys(error)) return { outcome: 'unverifiable' };
  if (error instanceof errors.JWTClaimValidationFailed || error instanceof errors.JWTExpired)
    return { outcome: 'forged', why: error.claim };
  if (error instanceof errors.JOSEError) return { outcome: 'forged', why: error.code };
  throw error;
}

function understand(body: Uint8Array): PushReceipt {
  const envelope = pushEnvelope.safeParse(parseJson(Buffer.from(body).toString('utf8')));
  if (!envelope.success) return { outcome: 'malformed', why: 'message.data' };
  const told = notification.safeParse(parseJson(Buffer.from(envelope.data.message.data, 'base64').toString('utf8')));
  if (!told.success) return { outcome: 'malformed', why: 'emailAddress, historyId' };
  const { emailAddress, historyId } = told.data;
  const about = { mailboxKey: normalAddress(emailAddress) };
  const isAfter = (cursor: string) => BigInt(historyId) > startOf(cursor);
  return { outcome: 'told', items: [{ kind: 'news', about, isAfter }], status: 204 };
}

/** A cursor within a listing stands at that listing's start; anything is news to one that cannot be read. */
function startOf(cursor: string): bigint {
  const parsed = cursorSchema.safeParse(parseJson(cursor));
  return parsed.success ? BigInt(parsed.data.historyId) : -1n;
}
