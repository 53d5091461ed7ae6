/**
 * The interface of a simulated provider for the control API and the page: accounts, mail, faults, settings. No code here.
 *
 * How one is built:
 * - `createXProvider(deps: ProviderDeps): SandboxProvider | Promise<SandboxProvider>` in `sandbox/x/x.ts`, and a line in
 *   the table of `sandbox/sandbox.ts`. It serves `routes` on the sandbox's own port; a server of its own listens with
 *   `deps.ports.listen(server, 'x')`, which takes a free port once and the same one at every later start.
 * - State lives in memory and in one journal: `openJournal(join(deps.dir, 'x.jsonl'), { replay, snapshot })`. The content of
 *   an answer must be appended before the answer leaves: a provider does not forget its answers, and tests kill these
 *   processes all the time. One answer is one entry, so that no half of it can be lost.
 * - Each request is logged when it arrives: `const request = deps.requests.arrived('x', 'login', { email })`. It gets its
 *   account when that is known (`request.attribute({ email })`) and its status when it is answered:
 *   `request.answered(200)`. An unanswered request keeps `status: null`.
 * - Conditions: `deps.conditions.take({ provider: 'x', kind: 'login', email }, ['slow', 'account_disabled'])` gives the
 *   ones that hold for this request, by name, and uses up one of their `times`. Call it once per request, as soon as the
 *   account is known, naming only the faults that can show in this kind of request.
 * - Events arrive at `event()` and change the current state; they leave no condition behind.
 * - Time is `deps.clock.now()`, for token lives and dates of messages alike.
 * - Messages: `newMessages()` of `message-factory.ts` makes small specs (journal those), `composeMessage(spec)` makes the
 *   bytes, always the same ones.
 */
import type { Server } from 'node:net';
import type { RequestHandler } from 'express';
import type { SandboxClock } from './clock.ts';
import type { Conditions, FaultParameters } from './conditions.ts';
import type { RequestLog } from './request-log.ts';

export type ProviderName = 'google' | 'imap' | 'microsoft' | 'exchange' | 'salesforce';

/** Where servers listen, on 127.0.0.1; the same name gets the same port again after a restart. */
export interface PortMemory {
  /** @param wanted a port the user asked for, instead of the remembered or a free one */
  listen(server: Server, name: string, wanted?: number): Promise<number>;
}

/** Carries mail that an account sends to the accounts of the sandbox that it is for. */
export interface PostOffice {
  /** Delivers to each recipient's inbox, first at the sender's own provider; other addresses get none. */
  carry(mail: { from: ProviderName; to: readonly string[]; raw: Buffer }): void;
  /** Keeps a sent mail in a folder of its sender. */
  keep(mail: { at: ProviderName; email: string; folder: string; raw: Buffer }): DeliveredMessage;
}

export interface ProviderDeps {
  /** The sandbox's own folder; a provider's files begin with its name. */
  readonly dir: string;
  readonly clock: SandboxClock;
  readonly conditions: Conditions;
  readonly requests: RequestLog;
  readonly ports: PortMemory;
  /** The carrier of the mail that its accounts send. */
  readonly post: PostOffice;
  /** Where its `routes` are reached, `http://127.0.0.1:4100` */
  readonly origin: string;
  /** The address that pushes go to until the settings name another; absent: nowhere. */
  readonly pushTo?: string | undefined;
}

export interface AccountDetails {
  readonly password?: string | undefined;
  readonly name?: string | undefined;
  /** The organization the account belongs to (Workspace domain, Entra tenant, Salesforce org). */
  readonly tenant?: string | undefined;
  /** Whose login may read the mailbox too, by address. */
  readonly delegates?: readonly string[] | undefined;
  /** It belongs to a person and to no organization. */
  readonly personal?: boolean | undefined;
  /** The name that the person signs in with, where it is not the mailbox's address. */
  readonly upn?: string | undefined;
  /** What the optional claim `xms_edov` of Entra says: whether the address lies in a domain that the tenant has proved. */
  readonly edov?: boolean | undefined;
  /** The organizations that have invited the account: there it is another login, without a mailbox. */
  readonly guest_of?: readonly string[] | undefined;
  /** Gmail's “All Mail” is a folder of IMAP as well (“Show in IMAP”). */
  readonly shows_all_mail?: boolean | undefined;
  /** The organization of a user, by any name; users of one organization share its records. */
  readonly org?: string | undefined;
  /** Where the organization is served; a name that begins with `cs` is one of sandbox organizations. */
  readonly instance?: string | undefined;
}

export interface AccountSummary {
  readonly email: string;
  readonly name: string | null;
  readonly tenant: string | null;
  readonly messages: number;
  /** Live grants (OAuth) or open sessions (passwords). */
  readonly live: number;
  /** What its owner types, where the provider has passwords; null: it was taken away. */
  readonly password?: string | null;
}

export interface DeliverRequest {
  readonly count: number;
  /** INBOX when absent; made when missing. */
  readonly folder?: string | undefined;
  /** Bytes of the whole message, about; a small realistic message when absent. */
  readonly size?: number | undefined;
  readonly subject?: string | undefined;
  /** Both the Date header and the provider's own date of arrival; the sandbox's now when absent. */
  readonly date?: Date | undefined;
  readonly malformed?: boolean | undefined;
  /** It is there, and no listing of changes ever mentions it. */
  readonly unannounced?: boolean | undefined;
  /** The one message that is delivered, whole, in base64. */
  readonly raw?: string | undefined;
  /** A record that is no mail, where the provider has such. */
  readonly object?: 'Task' | undefined;
}

/** A message that a mailbox holds, whole. */
export interface HeldMessage {
  readonly folder: string;
  /** Of its arrival. */
  readonly date: Date;
  readonly bytes: Buffer;
}

export interface DeliveredMessage {
  readonly message_id: string;
  readonly provider_id: string;
  readonly folder: string;
}

/** Which fault can happen here, how its button is called, and what has to be asked for first. */
export interface EventDescription {
  readonly fault: string;
  readonly label: string;
  readonly asks?: 'password' | 'scope';
  /** What may be answered to that. */
  readonly example?: string;
}

export interface ProviderSettings {
  readonly token_life_s?: number | undefined;
  readonly refresh_rotation?: 'none' | 'tolerant' | 'grace' | 'strict' | undefined;
  readonly grace_s?: number | undefined;
  /** The life of a refresh token from its sign-in, which the token endpoint tells; null: no end. */
  readonly refresh_token_life_s?: number | null | undefined;
  /** Where the provider pushes news to, and the audience its push tokens are made for; null pushes nowhere. */
  readonly push_endpoint?: string | null | undefined;
  readonly push_audience?: string | null | undefined;
}

/** Where a server listens that people name themselves, a line for each thing to type. */
export type ServerDescription = readonly { readonly label: string; readonly value: string }[];

export interface ProviderDescription {
  readonly title: string;
  /** `grants` or `sessions`: what `AccountSummary.live` counts. */
  readonly live: string;
  readonly events: readonly EventDescription[];
  readonly conditions: readonly string[];
  /** Absent where there is nothing to set. */
  readonly settings?: ProviderSettings;
  /** As the provider has it; absent: none. */
  readonly accountDetails?: SandboxProvider['accountDetails'];
  readonly accounts: readonly AccountSummary[];
  /** Absent where no person names the server. */
  readonly server?: ServerDescription;
}

export interface ConsentRequest {
  readonly authorizationUrl: URL;
  readonly email: string;
  /** `needs_admin`: the person may not consent, and returns to the app without an administrator's word. */
  readonly decision: 'allow' | 'deny' | 'needs_admin';
  /** The scopes left ticked; all of the requested ones when absent. */
  readonly scopes?: readonly string[] | undefined;
}

export interface AdminConsentRequest {
  readonly url: URL;
  readonly decision: 'allow' | 'deny';
  /** The administrator, where the address names no organization. */
  readonly email?: string | undefined;
}

export interface SandboxProvider {
  readonly name: ProviderName;
  /** Its part of `sandbox.json`: addresses and client, for programs that connect to it. */
  readonly connection: Readonly<Record<string, string | number>>;
  /** The variables that put it in the place of the real provider; absent where people name the server. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Its part of `run.json`, for people and scripts that talk to it themselves. */
  readonly run?: Readonly<Record<string, unknown>>;
  /** The authority that signed its servers' certificates, a PEM file. */
  readonly caFile?: string;
  /** What it answers on the sandbox's own port, from the root on. */
  readonly routes?: RequestHandler;

  /** Details of an account, beside those that every provider has, that mean something here; the others are 422. */
  readonly accountDetails?: readonly (keyof AccountDetails)[];

  /** Records that it can be given beside mail; others are 422. */
  readonly objects?: readonly string[];

  /** Creates the account, or sets these details of it. */
  putAccount(email: string, details: AccountDetails): AccountSummary;
  account(email: string): AccountSummary | undefined;

  /** Throws SandboxRefusal 404 for an account that does not exist, as the next three do. */
  deliver(email: string, request: DeliverRequest): readonly DeliveredMessage[];
  list(email: string): readonly DeliveredMessage[];
  /** What the mailbox holds, whole, in the order of `list`. */
  contents(email: string): Iterable<HeldMessage>;
  /** The user deletes one; false when there is none of that id. */
  remove(email: string, providerId: string): boolean;
  /** The user moves one; undefined when there is none of that id. Absent where messages do not lie in one folder. */
  move?(email: string, providerId: string, folder: string): DeliveredMessage | undefined;
  /** An event of the control API, for one account or all. Only called with a fault that `supports` calls `event`. */
  event(fault: string, parameters: FaultParameters): void;

  /** Its security events by name; absent where the real provider has none (422). */
  readonly securityEvents?: readonly string[];
  /** Sends one about an account, true or not; `token`: how it names a refresh token. */
  tellSecurityEvent?(
    email: string,
    what: { event: string; token?: 'prefix' | 'hash' | undefined },
  ): Readonly<Record<string, unknown>>;

  /** What kind of fault this is here; undefined when the real provider has no such thing (422). */
  supports(fault: string): 'event' | 'condition' | undefined;
  /** Throws SandboxRefusal 422 for a setting that means nothing here. */
  configure(settings: ProviderSettings): ProviderSettings;

  /** Whether this is the address of a page of its own, where people consent. */
  ownsPage?(url: URL): boolean;
  /** Does what the person would do on the sign-in page; absent where there is none. */
  consent?(request: ConsentRequest): Promise<{ redirect_to: string }>;
  /** Does what an administrator would do; absent where none is asked. */
  adminConsent?(request: AdminConsentRequest): Promise<{ redirect_to: string }>;

  describe(): ProviderDescription;
  /** As new: no accounts, no grants, default settings. */
  reset(): void;
  close(): Promise<void>;
}
