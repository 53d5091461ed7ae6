import { z } from 'zod';

/** Only what is read; Google adds fields at will. Ids are decimal text of up to 64 bits: never a number. */
const id = z.string().min(1);
const decimal = z.string().regex(/^\d{1,20}$/);

/** https://developers.google.com/identity/openid-connect/openid-connect#obtainuserinfo */
export const userinfo = z.object({ sub: id, email: z.string().min(3) });

/** https://developers.google.com/workspace/gmail/api/reference/rest/v1/users/getProfile */
export const profile = z.object({ emailAddress: z.string().min(3), historyId: decimal });

const messageReference = z.object({ id, labelIds: z.array(z.string()).default([]) });

/** https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.history/list */
export const historyPage = z.object({
  history: z
    .array(
      z.object({
        messagesAdded: z.array(z.object({ message: messageReference })).default([]),
        labelsRemoved: z.array(z.object({ message: messageReference, labelIds: z.array(z.string()) })).default([]),
      }),
    )
    .default([]),
  nextPageToken: z.string().optional(),
  historyId: decimal,
});
export type HistoryPage = z.infer<typeof historyPage>;

/** https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.messages/list */
export const messagePage = z.object({
  messages: z.array(z.object({ id })).default([]),
  nextPageToken: z.string().optional(),
  resultSizeEstimate: z.number().optional(),
});

/** The answer of users.messages.send. */
export const sentMessage = z.object({ id });

/** https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.messages, without `raw` */
export const messageResource = z.object({
  id,
  labelIds: z.array(z.string()).default([]),
  sizeEstimate: z.number().default(0),
  /** Milliseconds since 1970, as text. */
  internalDate: z.string().regex(/^-?\d{1,16}$/),
});
export type MessageResource = z.infer<typeof messageResource>;

/** https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.labels/list */
export const labelList = z.object({ labels: z.array(z.object({ id, name: z.string() })).default([]) });

/** https://developers.google.com/workspace/gmail/api/reference/rest/v1/users/watch */
export const watchAnswer = z.object({
  /** Milliseconds since 1970, as text. */
  expiration: z.string().regex(/^\d{1,16}$/),
});

/** What Pub/Sub wraps a message in to push it: https://cloud.google.com/pubsub/docs/push#receive_push */
export const pushEnvelope = z.object({ message: z.object({ data: z.base64().min(1) }) });

/** https://developers.google.com/workspace/gmail/api/guides/push#receive_notifications; a number in its examples. */
export const notification = z.object({
  emailAddress: z.string().min(3).max(320),
  historyId: z.union([decimal, z.int().nonnegative()]).transform(String),
});

/** Our cursor of the mailbox: everything after `historyId`; within a listing, from `pageToken` on, towards `head`. */
export const cursor = z.object({
  historyId: decimal,
  page: z.object({ token: z.string(), head: decimal }).optional(),
});
export type Cursor = z.infer<typeof cursor>;

/** Google's configuration of its security events (developers.google.com/identity/protocols/risc). */
export const riscConfiguration = z.object({ issuer: z.string().min(1), jwks_uri: z.url() });

/** Text that PostgreSQL stores as it is. */
const printable = z.string().regex(/^[\x20-\x7e]+$/);

/** RFC 8417 section 2.2; of an event only what is read. */
export const securityEventClaims = z.object({
  jti: printable.max(300),
  events: z.record(
    z.string(),
    z.object({
      subject: z.unknown().optional(),
      reason: printable.max(100).optional().catch(undefined),
      state: z.string().max(300).optional().catch(undefined),
    }),
  ),
});

/** A login (`iss-sub`, `id_token_claims`), or a refresh token. */
export const tokenSubject = z.object({
  sub: printable.max(255).optional(),
  token: z.string().min(1).max(300).optional(),
  token_identifier_alg: z.enum(['prefix', 'hash_base64_sha512_sha512']).optional(),
});

/** The stream of a project, as far as it is read. */
export const riscStream = z.object({ delivery: z.object({ url: z.string().optional() }).optional() });

/** A service account's key file. */
export const serviceAccount = z.object({
  client_email: z.string(),
  private_key: z.string(),
  private_key_id: z.string(),
});
