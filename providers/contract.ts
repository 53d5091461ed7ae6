import type { AccessType, Namespace, ProviderName, Use } from '../domain/access-type.ts';
import type { MediaType } from '../domain/messages/media-type.ts';
import type { ConnectionContext } from '../domain/connection-context.ts';
import type { SetAsideReason } from '../domain/receipt.ts';
import type { Rotation } from '../domain/rotation.ts';
import type { Secret } from '../domain/secret.ts';
import type { Server, SubmissionServer } from '../domain/server.ts';
import type { ProviderAnswer, StatusReason, Verdict } from '../domain/verdict.ts';
import type { VagueCause } from '../domain/words/causes.ts';
import type { LoginPlace } from '../domain/words/login-places.ts';
import type { PasswordNote } from '../domain/words/password-notes.ts';
import type { SecurityEvents } from './security-events.ts';

/**
 * The contract of an adapter: words and shapes, no code. Shared code never asks which provider it has; it asks for a
 * capability. Vendor words (`historyId`, `UIDVALIDITY`) stay inside the provider's folder; outside it they are a
 * `cursor`, a `generation` or a `providerId`.
 *
 * Every method may throw `ProviderError` (domain/verdict.ts) with the verdict of what the provider answered; a
 * timeout or a broken connection is a verdict too (`transient`, reason `network`). `PartRefused` is about one part of the
 * account alone, while others are given. No method retries inside.
 */
export interface Provider {
  name: ProviderName;
  accessType: AccessType;
  capabilities: Capabilities;
  words: AccessWords;
  signIn: SignInWays;
  /** Opens a session at the account's data. `signal` aborts it. Close it with `close()` in a `finally`. */
  openSession(access: SessionAccess, signal: AbortSignal): Promise<Session>;
  /**
   * Logs in where mail is sent, and sends nothing: the proof of `send` beside the granted scopes. Absent where the scopes
   * are proof enough. Throws a `TypeError` where the access names no such server.
   */
  proveSending?(access: SessionAccess, signal: AbortSignal): Promise<void>;
  /** The total map from what the provider says to a verdict; pure. */
  classify(answer: ProviderAnswer): Verdict;
  /** Sends mail of the account by the provider's own means; null: it sends none. */
  sending: Sending | null;
  /** The product itself sends, with the access token: the use `send` is granted though Mooring sends nothing. */
  productSends?: true;
}

export interface Sending {
  /** The largest message that the provider takes, in octets. */
  maxBytes: number;
  /**
   * Sends one message, once. `beforeTransmission` is awaited before the first octet of it leaves; what it throws ends the
   * call with nothing sent. Throws `ProviderError` where the provider did not take the message for a reason that is not the
   * message's own. A connection that is lost after `beforeTransmission` is no error, but `unknown`.
   */
  send(access: SessionAccess, message: OutgoingMessage, how: Transmission): Promise<SendAnswer>;
  /**
   * Whether the provider has a message of this Message-ID among those that it sent. Absent: the provider cannot be asked. false
   * proves nothing: a sent message may show late.
   */
  wasSent?(access: SessionAccess, messageId: string, signal: AbortSignal): Promise<boolean>;
}

export interface OutgoingMessage {
  /** With its angle brackets. */
  messageId: string;
  /** The sender of the envelope. */
  from: string;
  /** Of To, Cc and Bcc, each once. */
  recipients: string[];
  /** Those of the recipients that Bcc alone names. */
  bcc: string[];
  /** In octets. */
  size: number;
  /** The whole message with its Bcc field; its header lies in the first part. */
  raw: () => AsyncIterable<Uint8Array>;
}

export interface Transmission {
  beforeTransmission: () => Promise<void>;
  signal: AbortSignal;
}

export type SendAnswer =
  /** `refusedRecipients`: the others get the message. */
  | { outcome: 'accepted'; refusedRecipients: string[] }
  /** The message itself is refused; `detail` says why in the provider's words, and names the recipients that are. */
  | { outcome: 'refused'; detail: string; providerCode: string | null; refusedRecipients: string[] }
  /** The access is good, and sending is no part of it. */
  | { outcome: 'not_granted'; detail: string; providerCode: string | null }
  /** The message left, and no answer says whether the provider took it. */
  | { outcome: 'unknown' };

export interface Capabilities {
  /** Nothing of the account is imported: its channels have no `covered_until`, and importing is off for good. */
  importsNothing?: true;
  /** The imported records are an organization’s, and of no mailbox that another access type reaches as well. */
  importsRecords?: true;
  /** How far before `covered_until` a fallback window starts, in ms: the provider's date precision and its lag. */
  windowOverlapMs: number;
  /** How long a grant may lie unused before a keep-alive refresh, in ms; null without tokens. */
  keepAliveMs: number | null;
  /** Reports news over a held connection (`Session.listen`), which the listener holds. */
  holdsConnections: boolean;
  /** Reports news by pushes; null where it does not, or is not configured to. */
  push: PushCapability | null;
  /** How often it is asked for news, in ms, beside what it tells by itself; an operator may set another pace for all. */
  pollEveryMs: number;
  /** What the provider allows; null: it tells none, or is not asked so much. All processes share it (providers/pacer.ts). */
  quota: Quota | null;
  /** How many times a vague refusal is confirmed by a spaced try before it is believed, and the gap in ms. */
  confirmations: { tries: number; gapMs: number };
}

/** A rate in the provider's own units, of which a call may cost several; each call is paced by its adapter. */
export interface Quota {
  /** Whose it is: one for each mailbox, for our app as a whole, or for each customer (an organization, a tenant). */
  of: 'mailbox' | 'app' | 'customer';
  unitsPerMinute: number;
}

export interface PushCapability {
  /** How often a subscription is renewed, in ms; sooner where the provider grants less than twice that. */
  renewEveryMs: number;
  /** One subscription serves all channels of a mailbox: ending it ends it for all of them. */
  sharedByMailbox: boolean;
  /** A live subscription tells of news anywhere in the mailbox: looks only prove that it does. */
  coversMailbox: boolean;
  /**
   * Reads a request that claims to come from the provider. What the request itself can prove is proved here; a `state`
   * is compared with the stored one by the caller.
   */
  receive(request: PushRequest): Promise<PushReceipt>;
}

/** A request to our push receiver, as it came. */
export interface PushRequest {
  body: Uint8Array;
  query: URLSearchParams;
  /** Lower-case names. */
  headers: Readonly<Record<string, string>>;
  now: Date;
}

export type PushReceipt =
  /** The provider tries whether we are there: this text goes back, as text/plain. */
  | { outcome: 'challenge'; challenge: string }
  /** `status` acknowledges all of it. */
  | { outcome: 'told'; items: PushedItem[]; status: 202 | 204 }
  /** Not from the provider, or not meant for us; `why` names the failed proof. */
  | { outcome: 'forged'; why: string }
  /** From the provider, but not in the expected form. */
  | { outcome: 'malformed'; why: string }
  /** The provider's keys cannot be fetched: the push must be sent again. */
  | { outcome: 'unverifiable' };

export type PushedItem = { about: PushTarget } & (
  | {
      kind: 'news';
      /** False when everything up to this news lies before `cursor`: it was told late, or twice. Absent: unknown. */
      isAfter?(cursor: string): boolean;
    }
  /** `renew`: it ends soon unless renewed. `resubscribe`: it has ended. `missed`: some news was not sent. */
  | { kind: 'renew' | 'resubscribe' | 'missed' }
);

/** What a push is about: every channel of a mailbox, or the channel of one subscription. */
export type PushTarget = { mailboxKey: string } | { reference: string; state: string | null };

/** What stands at the provider after `subscribe`. */
export interface Subscription {
  /** The provider's id of it; null where the mailbox says as much. */
  reference: string | null;
  /**
   * A secret that every push about it repeats, made for this subscription. Only its hash is stored. null: the provider
   * repeats none, or the one before stays.
   */
  state: Secret | null;
  /** Until when the provider tells of news, as it said. */
  expiresAt: Date;
}

/** What an access type and its provider are called, for people. */
export interface AccessWords {
  /** The name that people know: "Gmail". */
  label: string;
  /** Who runs the account, as a sentence names it: "Google", "the mail server". */
  provider: string;
  /** Which accounts it is for, where there is a choice. */
  hint: string;
  /** For reasons of which the provider's bytes tell less, or something else, than the reason's name. */
  causes: Partial<Record<StatusReason, VagueCause>>;
  /** What the operator can do about a refusal, by the provider's code; absent: what the action says. */
  remedies?: Readonly<Record<string, string>>;
  /** In place of both where a channel has a grant and no password; absent: the access type has one of them alone. */
  ofGrants?: Pick<AccessWords, 'provider' | 'causes'>;
}

/**
 * How people sign in; at least one way. Once a credential is stored its `kind` says which one it was: shared code asks
 * that, never what the access type could do.
 */
interface SignInWays {
  /** One per authorization server: a mailbox that is read over IMAP may have its login at Google or at Microsoft. */
  oauth: readonly OAuthAdapter[];
  password: PasswordSignIn | null;
}

/** Signing in with a password, at a server that the person names or that the address leads to. */
export interface PasswordSignIn {
  /** What the form asks about the server: its name, port and encryption, or the address of a service. */
  server: { asks: 'host' | 'url'; label: string; example: string };
  /** What to know before signing in with a password, by the domain of the address; `name` is what people call it. */
  notes: readonly { domains: readonly string[]; kind: PasswordNote; name: string }[];
  /**
   * The server to log in to: what is given wins, the rest is found by the address. null where none is known. IMAP looks
   * names up and connects to nothing; Autodiscover (Exchange) sends the login.
   */
  discover(login: PasswordLogin, given: GivenServer, signal: AbortSignal): Promise<Server | null>;
  /**
   * The server that takes the mail of the mailbox at `server`, found as that one was; null where none is known. Absent where
   * one server does both.
   */
  discoverSubmission?(
    login: Pick<PasswordLogin, 'email'>,
    server: Server,
    signal: AbortSignal,
  ): Promise<SubmissionServer | null>;
  /** The server as it is part of an account (`serverKeyOf`), with the protocol's own ports left out. */
  serverKey(server: Server): string;
  /** How a person ends our access by hand, in words. */
  revocationHelp: string;
}

interface PasswordLogin {
  email: string;
  username: string;
  password: Secret;
}

/** What a person typed; undefined where the field was left empty. */
export interface GivenServer {
  host?: string | undefined;
  port?: number | undefined;
  security?: 'tls' | 'starttls' | undefined;
  url?: string | undefined;
  /** How an Exchange server is given the password; absent: as it prefers. */
  authentication?: 'basic' | undefined;
}

/** OAuth 2.0 authorization code with PKCE, as a client (RFC 6749, RFC 7636, RFC 9700). */
export interface OAuthAdapter {
  /** Whose authorization server it is; part of the redirect address. */
  provider: ProviderName;
  /** What people call it: "Google". */
  label: string;
  clientId: string;
  /**
   * The issuers of its authorization server (RFC 9207): compared as text, path included. A function where there is one
   * issuer per customer (Entra: per tenant).
   */
  issuers: readonly string[] | ((issuer: string) => boolean);
  /** Where people sign in, if there is more than one place (Salesforce); absent: there is one. */
  logins?: Logins;
  /** A login opens a shared mailbox that it was given access to (Exchange); absent: the mailbox's own login alone does. */
  readsShared?: true;
  /** Where a person is sent to consent (RFC 6749 section 4.1.1). */
  authorizationUrl(request: AuthorizationRequest): URL;
  /** Where an administrator is sent; absent where a person's own consent is all there is. Microsoft needs it. */
  adminConsentUrl?(request: AdminConsentRequest): URL;
  /** Sends the code (RFC 6749 section 4.1.3); the answer is raw, as it came. */
  exchangeRequest(exchange: CodeExchange, signal: AbortSignal): Promise<RawAnswer>;
  /**
   * Sends a refresh (RFC 6749 section 6) and nothing else: no retry, no interpretation. `beforeWriting` is called once
   * the connection stands, before any byte of the token is written; what it throws ends the request with nothing sent.
   */
  refreshRequest(grant: Grant, signal: AbortSignal, beforeWriting?: () => Promise<void>): Promise<RawAnswer>;
  /**
   * Reads a token endpoint's answer (RFC 6749 section 5). Throws `ProviderError` for a refusal and for a 200 that is no
   * token answer: a captive portal's HTML must never overwrite a stored token.
   */
  processTokenAnswer(answer: RawAnswer): TokenSet;
  /**
   * Asks how many seconds an access token has left (RFC 7662); null: the server does not say. Only where token answers never
   * tell a life. It changes nothing at the server, so it may be asked again.
   */
  introspect?(grant: Grant, signal: AbortSignal): Promise<number | null>;
  /** What its pages and endpoints answer (`Provider.classify`). */
  classify(answer: ProviderAnswer): Verdict;
  /** `token`: `revoke` ends a grant; `none`: tell the person how to do it by hand. */
  revocation: 'token' | 'none';
  /** How a person revokes by hand where we cannot, in words. */
  revocationHelp: string;
  /** Revokes a grant (RFC 7009). Revoking one Google token ends that person's whole grant to the client. */
  revoke(grant: Grant, signal: AbortSignal): Promise<void>;
  /** As in `Capabilities`, for what the token endpoint refuses; absent: as the access type has it. */
  confirmations?: Capabilities['confirmations'];
  /** The server's own events about accounts and grants; absent where it sends none, or none are configured. */
  securityEvents?: SecurityEvents;
  /** The scopes of `uses` that `granted` lacks; empty when all are there. */
  missingScopes(granted: string[], uses: Use[]): string[];
  rotation: Rotation;
  /** The time in ms after which the provider ends an unused grant; absent: not known. */
  unusedLifeMs?: number;
  /** How long an access token lives where the answer does not say. Too short costs refreshes, too long a refused call. */
  defaultLifeSeconds: number;
  /** The longest life that an answer can mean; absent: a day. Only a provider of long-lived tokens declares it. */
  longestLifeSeconds?: number;
  /** Its access tokens do not expire: a refresh is a call that proves one for the default life. */
  neverExpires?: true;
}

/** The places at one provider where people sign in; a login is good at its own place alone. */
export interface Logins {
  /** The ones that serve many customers, or that the operator chose; the first is the usual one. */
  places: readonly { kind: LoginPlace; url: string }[];
  /** What an entry of a customer's own address looks like. */
  example: string;
  /**
   * What a connection knows of the place that a person names; null: no place of this provider. The client's secret and the
   * person go there, so nothing but the provider's own addresses will do.
   */
  contextOf(entered: string): ConnectionContext | null;
  /** What a grant keeps of the place where it was given. */
  kept(context: ConnectionContext): ConnectionContext;
}

export interface AuthorizationRequest {
  redirectUri: string;
  state: string;
  /** S256 of the verifier (RFC 7636 section 4.2). */
  codeChallenge: string;
  uses: Use[];
  /** The mailbox that is wanted is another login's. */
  isShared: boolean;
  /** The pinned account's login at a reauthorization; only a hint, the identity is checked afterwards. */
  loginHint: string | null;
  /** Of the connection that is signed in again: a guest signs in at the very directory. Empty for a new one. */
  context: ConnectionContext;
  /** What the last verdict asked for (`Verdict.claims`); Microsoft needs it. */
  claims?: string;
}

/** Asks an administrator to admit the app for a whole organization. No code comes back, and a person still signs in. */
export interface AdminConsentRequest {
  /** The landing, `/oauth/:provider/admin-consent`: a path of its own, because its answer vouches for nothing. */
  redirectUri: string;
  state: string;
  uses: Use[];
  isShared: boolean;
  /** Of a connection that waits for the consent; empty for a new one. */
  context: ConnectionContext;
}

/** What a refresh token, or an access token where there is none, is good for, and where. */
interface Grant {
  token: Secret;
  context: ConnectionContext;
  /** What the last verdict asked for (`Verdict.claims`); Microsoft needs it. */
  claims?: string;
}

interface CodeExchange {
  /** As in the authorization request: a code is good at the server that gave it. */
  context: ConnectionContext;
  redirectUri: string;
  code: string;
  codeVerifier: Secret;
}

/** An HTTP answer of a token endpoint, as it came; it is sealed before anything else is done with it (rule 4). */
export interface RawAnswer {
  status: number;
  /** Lower-case names; only the ones an error map reads. */
  headers: Record<string, string>;
  body: Secret;
}

export interface TokenSet {
  accessToken: Secret;
  tokenType: string;
  /** null when the answer has none: then the stored one stays (rule 4). */
  refreshToken: Secret | null;
  /** Life of the access token in seconds from the receipt of the answer; null: not told. */
  expiresInSeconds: number | null;
  /** Life of the grant in seconds, where it has an end that no refresh moves; absent or null: not told. */
  grantLifeSeconds?: number | null;
  /** null when the answer does not repeat them: then as requested (RFC 6749 section 5.1). */
  scopes: string[] | null;
  /** Who signed in, signed by the server (OpenID Connect); absent or null where the answer has none. */
  idToken?: Secret | null;
  /** What the answer says of the connection. It goes over what is stored: an account may move to another instance. */
  context: ConnectionContext;
}

/** What a session is opened with. */
export type SessionAccess = {
  /** The mailbox to open: a delegate's login may open a shared one. null at a sign-in: the login's own. */
  mailbox: string | null;
  /** At a sign-in, the mailbox's name in the link or the channel, which may be another address of the login's own. */
  address?: string | null;
  context: ConnectionContext;
  /** Whose folders are read beside the mailbox's own, where the provider tells them apart; absent: none. */
  namespaces?: readonly Namespace[];
} &
  /** `idToken`: of the sign-in that is to be proved. `issuer`: absent or null where an access type has only one. */
  (
    | { kind: 'token'; accessToken: Secret; idToken?: Secret | null; issuer?: ProviderName | null }
    | {
        kind: 'password';
        /** The address of the login, as far as it is known. */
        email: string;
        server: Server;
        username: string;
        password: Secret;
        /** The server that takes mail with this password; absent or null: the channel only reads. */
        smtp?: SubmissionServer | null;
      }
  );

/** An open session at one account. */
export interface Session {
  /** One real call that proves that the account can be read; returns the identity and what was proved. */
  identify(): Promise<Identity>;
  /** The cheapest call that proves the same, exactly one where the provider allows it; returns what was proved. */
  verify(): Promise<string>;
  /**
   * Every part that has a cursor of its own: a folder, or the whole mailbox. `withState`: states of the parts are asked for
   * next, so that one call may bring all of them. A part with `aside` cannot be asked for, and is only told of.
   */
  parts(asked?: AskedOfHeads): Promise<ScopeReference[]>;
  /** Where a part of `parts` stands now. null: it is there no more. Throws `PartRefused` as every call about a part may. */
  headOf(part: ScopeReference, asked?: AskedOfHeads): Promise<ScopeHead | null>;
  /**
   * Whether any part may hold news after these cursors, by scope: one cheap call for the whole account, so that a quiet
   * poll takes no heads. Absent where no single call tells.
   */
  changedSince?(cursors: ReadonlyMap<string, string>): Promise<{ changed: boolean; at: Date | null }>;
  /**
   * The provider's date of the newest message, null in an empty account. A message with a later date has come since, by
   * the same clock.
   */
  newestAt?(): Promise<Date | null>;
  /**
   * Whether a listing after `cursor` brings this. Only where heads tell no time: there no date says what came since.
   */
  comesAfter?(cursor: string, item: ListedItem): boolean;
  /**
   * One page of the way to a part's first cursor, from `position` on, null at its start; nothing of it is imported. Only
   * where heads tell no cursor as of now.
   */
  walk?(scope: ScopeReference, position: string | null, limit: number): Promise<WalkPage>;
  /** One page of items after `cursor`. Throws a `cursor_expired` verdict when the provider no longer knows it. */
  listChanges(scope: ScopeReference, cursor: string, limit: number): Promise<ChangePage>;
  /**
   * One page of the items dated in the window; `position` continues a listing, null starts one. An adapter with `within`
   * may also return items near the window's ends.
   */
  listWindow(scope: ScopeReference, window: TimeWindow, position: string | null, limit: number): Promise<WindowPage>;
  /**
   * Those of the items that are dated in the window or have no date. Only where listings are coarser than the window: the
   * dates of unknown items are fetched, which are few in a comparison.
   */
  within?(scope: ScopeReference, items: ListedItem[], window: TimeWindow): Promise<ListedItem[]>;
  /**
   * Those of the items that are still at their place, without their content. Absent where a message keeps its id when it is
   * moved.
   */
  stillThere?(scope: ScopeReference, items: ListedItem[]): Promise<ListedItem[]>;
  /**
   * The fields that identify a message (Message-ID, Date, From, Subject) of the items that are still at their place, without
   * their content, whole or cut after a length that no field of a person reaches. Absent where nothing is mail. Only they
   * tell whether a mailbox is the same where nothing vouches for its address.
   */
  readHeaders?(scope: ScopeReference, items: ListedItem[]): Promise<Uint8Array[]>;
  /** Fetches the items, in any order, with one outcome each. */
  fetchMessages(scope: ScopeReference, items: ListedItem[]): AsyncIterable<FetchedMessage>;
  /**
   * Calls `heard` once it listens and at every news, until `signal` aborts; throws when the connection ends. `unsupported`:
   * this server cannot push. `declined`: it holds no further connection of this account now, or a proxy keeps back what it
   * tells. Only with `holdsConnections`.
   */
  listen?(heard: () => void, signal: AbortSignal): Promise<'ended' | 'unsupported' | 'declined'>;
  /**
   * Has the provider tell of news from now on, or renews the subscription `previous`, the stored reference. A reference
   * that the provider no longer knows is replaced by a new one. Only with `push`; absent where this account cannot be
   * subscribed to.
   */
  subscribe?(previous: string | null): Promise<Subscription>;
  /** Ends the subscription; also when there is none any more. Only with `push`. */
  unsubscribe?(previous: string | null): Promise<void>;
  close(): Promise<void>;
}

export interface Identity {
  account: { email: string; login: string; providerId: string };
  /**
   * Which mailbox it is, within `serverKey`: a tenant has one live channel per access type, mailbox and server. Stored, so
   * it never changes.
   */
  mailboxKey: string;
  /**
   * Whether another login's account, by its `mailboxKey`, has the same records: any user of one organization reads them.
   * Absent: each account has its own.
   */
  readsAlike?: (mailboxKey: string) => boolean;
  /**
   * The server that alone vouches for this login (`PasswordSignIn.serverKey`): what it says of itself proves nothing about
   * the same name at another server. null: the provider itself vouches for the mailbox.
   */
  serverKey: string | null;
  /**
   * Whether the provider vouches for the address `account.email`, beside its own id of the login: the mailbox of that address
   * can be no other one. An address that a person or an organization may set as they like does not count (nOAuth).
   */
  vouchesForAddress: boolean;
  /** Which grant a credential of this login rests on (`grantKeyOf`): revoking one may end all that rest on it. */
  grantKey: string;
  /** What was found out about the connection on the way, such as the address that Autodiscover led to (Exchange). */
  context?: ConnectionContext;
  /** What the call proved, in words for a person: "Signed in and read the profile". */
  proved: string;
}

/** A part of the account with its own cursor. `scope` is stable, and unique in the channel. */
export interface ScopeReference {
  scope: string;
  /** The folder's name for people; null where the scope is the whole mailbox. */
  name: string | null;
  /** Why it cannot be asked for; absent: it can. */
  aside?: SetAsideReason;
}

export interface AskedOfHeads {
  /** The state of a part too, where the provider tells one. */
  withState: boolean;
  /** Parts, by scope, that are named and about which nothing is asked. */
  except?: ReadonlySet<string>;
}

export interface ScopeHead extends ScopeReference {
  /**
   * The position as of `at`: everything that comes later is after it. null: the provider has no cursor as of now, and
   * `Session.walk` leads to the first one.
   */
  cursor: string | null;
  /** The provider's time when the head was taken; null: it tells none. */
  at: Date | null;
  /**
   * A fingerprint of the part's content: while it stays equal, nothing was added, by the provider's word, and a listing
   * would repeat the last one. Absent if not requested, or if the provider cannot tell.
   */
  state?: string;
}

export interface ListedItem {
  /**
   * Identifies a message only together with scope and generation. A record that may change is listed as `id@revision`, so
   * that each of its states is an entry of its own; a state that is no more is `gone` when it is fetched.
   */
  providerId: string;
  /** Changes when the provider renumbers everything (UIDVALIDITY); '' where ids never change. */
  generation: string;
}

export interface ChangePage {
  items: ListedItem[];
  /** Every item up to here is in this page or an earlier one. */
  cursor: string;
  more: boolean;
  /** The provider's time of this answer; null: it tells none. */
  at: Date | null;
}

/** `position`: where the next page starts. `cursor`, at the end: everything that came before its answer is before it. */
export type WalkPage = { position: string; cursor: null } | { position: null; cursor: string };

export interface WindowPage {
  items: ListedItem[];
  /** The items are listed from the newest to the oldest, over all pages; absent: from the oldest. */
  newestFirst?: true;
  /** Where the next page starts; null after the last one. */
  position: string | null;
  /** The provider's estimate of the total, for progress; null: none. */
  estimate: number | null;
}

export interface TimeWindow {
  from: Date;
  to: Date;
}

/** What a feed shows of a message beside its content. */
export interface Envelope {
  subject: string | null;
  sender: Address | null;
  recipients: Address[];
  date: Date | null;
}

interface Address {
  email: string;
  name: string | null;
}

export type FetchedMessage =
  | {
      outcome: 'message';
      item: ListedItem;
      mediaType: MediaType;
      /** The message as the provider returned it, in parts of any size. */
      raw: AsyncIterable<Uint8Array>;
      /** What is shown of it; only where it is no mail, whose header fields say it. */
      envelope?: Envelope;
      /** Only of a record that may change (`ListedItem.providerId`): the provider's own id of it, and which state this is. */
      record?: { providerId: string; revision: number };
      /** The provider's date of arrival (internalDate, INTERNALDATE); the beginning of time without one. */
      receivedAt: Date;
      folder: string;
      /** Octets as told by the provider; for progress only. */
      sizeEstimate: number;
    }
  /** Deleted between listing and fetching, or in an excluded folder. */
  | { outcome: 'skipped'; item: ListedItem; reason: 'gone' | 'excluded_folder' }
  /** This item could not be fetched now; others could. */
  | { outcome: 'failed'; item: ListedItem; error: Error };
