import { withTokenLife } from '../../credentials/token-life.ts';
import { completeSignIn, proveSignIn } from '../../connections/complete-sign-in.ts';
import { findChannel } from '../../db/channels/channels.ts';
import { findCredentialState } from '../../db/credentials/credentials.ts';
import { insertLink } from '../../db/access/links.ts';
import type { LinkRow } from '../../db/access/links.ts';
import { newId } from '../../db/ids.ts';
import type { LinkResult, LinkSpec } from '../../db/schema/links.ts';
import type { AccessType, ProviderName, Use } from '../../domain/access-type.ts';
import type { SubmissionServer } from '../../domain/server.ts';
import { Secret } from '../../domain/secret.ts';
import type { Server } from '../../domain/server.ts';
import { createPkce } from '../../providers/oauth.ts';
import type { SessionAccess, TokenSet } from '../../providers/contract.ts';
import type { Stage } from './stage.ts';

/** What a link asks for unless it says otherwise. */
export const LINK_SPEC: LinkSpec = {
  kind: 'individual',
  owner: null,
  accessTypes: null,
  uses: ['read'],
  import: 'continuous',
  importFrom: null,
  mailbox: null,
};

interface Connecting {
  tenantId?: string;
  link?: LinkRow | null;
  spec?: Partial<LinkSpec>;
  /** What is asked of Google's page instead of a consent: then a known account brings no refresh token. */
  prompt?: string;
  /** What the app asks of its tokens (OpenID Connect `claims`). */
  claims?: string;
}

/** Signs in at the sandbox's Google as a person would, and completes it as the callback does. */
export function connectGmail(stage: Stage, email: string, connecting: Connecting = {}): Promise<LinkResult> {
  return connectOAuth(stage, { accessType: 'gmail', provider: 'google' }, email, connecting);
}

/** The same at the sandbox's Microsoft. */
export function connectMicrosoft(stage: Stage, email: string, connecting: Connecting = {}): Promise<LinkResult> {
  return connectOAuth(stage, { accessType: 'microsoft', provider: 'microsoft' }, email, connecting);
}

interface SignInWay {
  accessType: AccessType;
  provider: ProviderName;
  /** Left out: it only reads. */
  uses?: Use[];
}

/** The same at the sandbox's Salesforce. */
export function connectSalesforce(stage: Stage, email: string, connecting: Connecting = {}): Promise<LinkResult> {
  return connectOAuth(stage, { accessType: 'salesforce', provider: 'salesforce' }, email, connecting);
}

/** The same at any way with a consent page: a mailbox over IMAP with a provider's token, too. */
export async function connectOAuth(
  stage: Stage,
  way: SignInWay,
  email: string,
  { tenantId = 'acme', link = null, spec = {}, ...asked }: Connecting,
): Promise<LinkResult> {
  const { context } = stage;
  const { accessType, provider } = way;
  const askedAt = await context.clock.now();
  const tokens = await signInAt(stage, { ...way, uses: spec.uses ?? ['read'] }, email, asked);
  const { accessToken, idToken = null, context: told } = tokens;
  const access: SessionAccess = { kind: 'token', issuer: provider, mailbox: null, context: told, accessToken, idToken };
  const proof = await proveSignIn(context, accessType, access, AbortSignal.timeout(10_000));
  const credential = { kind: 'oauth', provider, tokens, askedAt } as const;
  const full = { ...LINK_SPEC, ...spec };
  return completeSignIn(context, { tenantId, link, accessType, spec: full, credential, proof, coveredUntil: null });
}

/** Signs in at a provider of the sandbox and exchanges the code; nothing of it is stored. */
export async function signInAt(
  { context, sandbox }: Pick<Stage, 'context' | 'sandbox'>,
  { accessType, provider, uses = ['read'] }: SignInWay,
  email: string,
  { prompt, claims }: Pick<Connecting, 'prompt' | 'claims'> = {},
): Promise<TokenSet> {
  const oauth = context.providers.get(accessType)?.signIn.oauth.find((one) => one.provider === provider);
  if (!oauth) throw new Error(`${accessType} is not configured`);
  const { codeVerifier, codeChallenge } = createPkce();
  const redirectUri = `http://127.0.0.1:9/oauth/${provider}/callback`;
  const authorizationUrl = oauth.authorizationUrl({
    redirectUri,
    state: 'state',
    codeChallenge,
    uses,
    loginHint: null,
    isShared: false,
    context: {},
  });
  if (prompt !== undefined) authorizationUrl.searchParams.set('prompt', prompt);
  if (claims !== undefined) authorizationUrl.searchParams.set('claims', claims);
  const back = new URL(await sandbox.consent(authorizationUrl.href, email));
  const code = back.searchParams.get('code') ?? '';
  const asked = { redirectUri, code, codeVerifier, context: {} };
  const answer = await oauth.exchangeRequest(asked, AbortSignal.timeout(10_000));
  return withTokenLife(oauth, oauth.processTokenAnswer(answer), asked.context);
}

/** A link that is pinned to a channel, as the product makes one. */
export function reauthorizeLink(
  { context }: Pick<Stage, 'context'>,
  channelId: string,
  spec: Partial<LinkSpec> = {},
): Promise<LinkRow> {
  const tenantId = 'acme';
  return context.database.inTenant(tenantId, async (tx) => {
    const now = await context.clock.now();
    return insertLink(tx, {
      id: newId('lnk'),
      tenantId,
      hash: newId('lnk'),
      purpose: 'reauthorize',
      channelId,
      spec: { ...LINK_SPEC, ...spec },
      returnTo: null,
      expiresAt: new Date(now.getTime() + 3_600_000),
      createdAt: now,
    });
  });
}

/** The same with a password, at the sandbox's IMAP server. */
export function connectImap(
  stage: Stage,
  email: string,
  password: string,
  how: Connecting & { smtp?: SubmissionServer | null } = {},
): Promise<LinkResult> {
  const { host, port, security } = stage.imap;
  return connectPassword(
    stage,
    { accessType: 'imap', email, password, ...how },
    { kind: 'imap', host, port, security },
  );
}

/** The same at the sandbox's Exchange. */
export function connectExchange(
  stage: Stage,
  email: string,
  password: string,
  how: Connecting = {},
): Promise<LinkResult> {
  const server = { kind: 'ews', url: stage.exchangeUrl } as const;
  return connectPassword(stage, { accessType: 'exchange', email, password, ...how }, server);
}

async function connectPassword(
  { context }: Stage,
  {
    accessType,
    email,
    password,
    tenantId = 'acme',
    link = null,
    spec = {},
    smtp = null,
  }: Connecting & { accessType: AccessType; email: string; password: string; smtp?: SubmissionServer | null },
  server: Server,
): Promise<LinkResult> {
  const credential = { kind: 'password', server, username: email, password: new Secret(password), smtp } as const;
  const proof = await proveSignIn(
    context,
    accessType,
    { ...credential, email, mailbox: null, context: {} },
    AbortSignal.timeout(10_000),
    { movable: link && (await movableBy(context, link)) },
  );
  const full = { ...LINK_SPEC, ...spec };
  return completeSignIn(context, { tenantId, link, accessType, spec: full, credential, proof, coveredUntil: null });
}

const movableBy = ({ database }: Stage['context'], { tenantId, channelId }: LinkRow) =>
  database.inTenant(tenantId, async (tx) => {
    const channel = await findChannel(tx, channelId ?? '');
    return channel && { channel, kept: await findCredentialState(tx, channel.id) };
  });

export function channelOf(result: LinkResult): string {
  if (result.status !== 'connected') throw new Error(`${result.code}: ${result.detail}`);
  return result.channel;
}
