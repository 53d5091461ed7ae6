import { setTimeout as sleep } from 'node:timers/promises';
import type { Request, RequestHandler, Response } from 'express';
import { accountKey } from '../account-key.ts';
import type { Condition } from '../conditions.ts';
import type { HttpAnswer } from '../http-answer.ts';
import { answerUnder, TRANSPORT_FAULTS } from '../http-answer.ts';
import type { OpenRequest } from '../request-log.ts';
import { TRANSPORT, unauthorized } from './iis.ts';
import type { Connections } from './login/connections.ts';
import type { OfferedLogin } from './login/sign-in.ts';
import { presentedBy } from './login/sign-in.ts';
import type { AccountRow } from './rows.ts';
import type { ExchangeStore } from './store.ts';
import type { FrontEnd } from './streaming/front-end.ts';
import type { Subscriptions } from './streaming/subscriptions.ts';

/** The state that all addresses of the server share. */
export interface Service {
  readonly store: ExchangeStore;
  readonly connections: Connections;
  /** The channel bindings of the server's certificate, by which NTLM names the TLS connection. */
  readonly binding: Buffer;
  readonly frontEnd: FrontEnd;
  readonly subscriptions: Subscriptions;
}

/** An address behind the login. */
export interface Endpoint {
  /** The operation's name for the log, without anything secret: `GetItem`. */
  operation(request: Request): string;
  faults(request: Request): readonly string[];
  answer(request: Request, login: AccountRow, held: ReadonlyMap<string, Condition>): HttpAnswer;
}

const LOGIN_FAULTS = [...TRANSPORT_FAULTS, 'account_disabled', 'extended_protection_required', 'proxy_ends_tls'];
/** Faults that end a request at its login; without them the operation follows. */
const ENDS_AT_LOGIN = ['unavailable', 'rate_limited', 'rubbish', 'cut_connection', 'lost_response'];

/** A login is a request of its own in the log, also where one HTTP request brings it and an operation. */
export function serve(service: Service, endpoint: Endpoint): RequestHandler {
  const { deps } = service.store;
  return async (request, response) => {
    response.setHeader('Date', deps.clock.now().toUTCString());
    const state = service.connections.stateOf(request.socket);
    const presented = presentedBy(request, state, service.store);
    if (presented.kind === 'unauthenticated') {
      const open = deps.requests.arrived('exchange', 'api', { operation: 'no login' });
      const held = deps.conditions.take({ provider: 'exchange', kind: 'api' }, TRANSPORT_FAULTS);
      await answerUnder(held, { response, request: open, transport: TRANSPORT }, () =>
        unauthorized(response, presented.challenge),
      );
      return;
    }
    if (presented.kind === 'signed_in') {
      await answerApi(service, endpoint, { request, response, login: presented.account, hasWaited: false });
      return;
    }
    const { login } = presented;
    const email = login.account?.email ?? null;
    const open = deps.requests.arrived('exchange', 'login', { email, operation: login.scheme });
    const held = deps.conditions.take({ provider: 'exchange', kind: 'login', email }, LOGIN_FAULTS);
    const account = await letIn(service, { login, held, response, open });
    if (!account) return;
    state.login = { email: accountKey(account.email), scheme: login.scheme };
    await answerApi(service, endpoint, { request, response, login: account, hasWaited: held.has('slow') });
  };
}

/** The account that the login opens; undefined where the request has been answered with a refusal. */
async function letIn(
  service: Service,
  of: { login: OfferedLogin; held: ReadonlyMap<string, Condition>; response: Response; open: OpenRequest },
): Promise<AccountRow | undefined> {
  const { login, held, response, open } = of;
  const endsHere = ENDS_AT_LOGIN.some((fault) => held.has(fault));
  const slowMs = held.get('slow')?.ms;
  if (!endsHere && slowMs !== undefined) await sleep(slowMs, undefined, { ref: false });
  let account: AccountRow | undefined;
  const answer = () => {
    account = isLetIn(service, login, held) ? login.account : undefined;
    return unauthorized(response, null);
  };
  if (endsHere) {
    await answerUnder(held, { response, request: open, transport: TRANSPORT }, answer);
    return undefined;
  }
  const refusal = answer();
  if (account) {
    response.removeHeader('WWW-Authenticate');
    open.answered(200);
    return account;
  }
  await answerUnder(new Map(), { response, request: open, transport: TRANSPORT }, () => refusal);
  return undefined;
}

/** The one answer of IIS to a wrong password, a locked or disabled account and Extended Protection. */
function isLetIn({ store, binding }: Service, login: OfferedLogin, held: ReadonlyMap<string, Condition>): boolean {
  if (login.scheme === 'NTLM') {
    const { channelBinding } = login;
    if (channelBinding === null && held.has('extended_protection_required')) return false;
    if (channelBinding !== null && (held.has('proxy_ends_tls') || !channelBinding.equals(binding))) return false;
  }
  if (login.account === undefined || held.has('account_disabled')) return false;
  return store.tryPassword(login.account, login.knows);
}

async function answerApi(
  { store: { deps } }: Service,
  endpoint: Endpoint,
  of: { request: Request; response: Response; login: AccountRow; hasWaited: boolean },
): Promise<void> {
  const { request, response, login, hasWaited } = of;
  const { email } = login;
  const operation = endpoint.operation(request);
  const open = deps.requests.arrived('exchange', 'api', { email, operation });
  const faults = endpoint.faults(request).filter((fault) => fault !== 'slow' || !hasWaited);
  const held = deps.conditions.take({ provider: 'exchange', kind: 'api', email, message: operation }, faults);
  await answerUnder(held, { response, request: open, transport: TRANSPORT }, () =>
    endpoint.answer(request, login, held),
  );
}
