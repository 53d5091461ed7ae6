import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express';
import { json, Router } from 'express';
import { z } from 'zod';
import {
  AdminConsentBody,
  ConsentBody,
  FaultBody,
  MessagesBody,
  MoveBody,
  OffsetBody,
  AccountBody,
  RequestsQuery,
  SecurityEventBody,
  SettingsBody,
  Email,
} from './control-schemas.ts';
import type { AccountDetails, DeliveredMessage, ProviderDeps, ProviderName, SandboxProvider } from './provider.ts';
import { reencode } from './reencode.ts';
import { SandboxRefusal } from './refusal.ts';

interface Control extends Pick<ProviderDeps, 'clock' | 'conditions' | 'requests'> {
  readonly providers: ReadonlyMap<ProviderName, SandboxProvider>;
}

/** The provider's side, for scripts and the page. Mounted at `/control`. */
export function controlRoutes(control: Control): Router {
  const router = Router();
  // A message of 35 MB as base64, the largest that a provider takes, and some.
  router.use(json({ limit: '64mb' }));
  router.get('/health', (_request, response) => response.json({ ok: true }));
  accountRoutes(router, control);
  securityEventRoute(router, control);
  faultRoutes(router, control);
  providerRoutes(router, control);
  router.post('/consent', async (request, response) => {
    const { authorization_url, ...consent } = ConsentBody.parse(request.body);
    const authorizationUrl = new URL(authorization_url);
    const provider = providerOfPage(control, authorizationUrl);
    if (!provider.consent) throw notItsPage(provider, 'no sign-in page');
    response.json(await provider.consent({ authorizationUrl, ...consent }));
  });
  router.post('/admin-consent', async (request, response) => {
    const { url: address, ...consent } = AdminConsentBody.parse(request.body);
    const url = new URL(address);
    const provider = providerOfPage(control, url);
    if (!provider.adminConsent) throw notItsPage(provider, 'no page for administrators');
    response.json(await provider.adminConsent({ url, ...consent }));
  });
  requestLogRoutes(router, control);
  router.get('/clock', (_request, response) => response.json(clockNow(control)));
  router.put('/clock', (request, response) => {
    control.clock.setOffset(OffsetBody.parse(request.body).offset_s);
    response.json(clockNow(control));
  });
  router.post('/reset', (_request, response) => {
    reset(control);
    response.json({ reset: true });
  });
  router.use((request) => {
    throw new SandboxRefusal(404, 'no_such_call', `the control API has no ${request.method} ${request.originalUrl}`);
  });
  router.use(answerErrors);
  return router;
}

function accountRoutes(router: Router, control: Control): void {
  router.put('/accounts/:provider/:email', (request, response) => {
    const { provider, email } = accountOf(control, request);
    Email.parse(email);
    const details = AccountBody.parse(request.body ?? {});
    refuseForeignDetails(provider, details);
    response.json(provider.putAccount(email, details));
  });
  router.get('/accounts/:provider/:email', (request, response) => {
    const { provider, email } = accountOf(control, request);
    response.json(existing(provider, email));
  });
  router.post('/accounts/:provider/:email/messages', (request, response) => {
    const { provider, email } = accountOf(control, request);
    const { copy_from, reencode: anew, ...body } = MessagesBody.parse(request.body ?? {});
    if (body.object !== undefined && !provider.objects?.includes(body.object)) {
      throw new SandboxRefusal(422, 'object_not_supported', `${provider.name} has no object "${body.object}"`);
    }
    const messages =
      copy_from === undefined
        ? provider.deliver(email, body)
        : copyMailbox(providerNamed(control, copy_from), provider, email, anew === true);
    response.status(201).json({ messages });
  });
  router.get('/accounts/:provider/:email/messages', (request, response) => {
    const { provider, email } = accountOf(control, request);
    response.json({ messages: provider.list(email) });
  });
  router.patch('/accounts/:provider/:email/messages/:id', (request, response) => {
    const { provider, email } = accountOf(control, request);
    const { folder } = MoveBody.parse(request.body);
    const id = request.params.id;
    if (!provider.move)
      throw new SandboxRefusal(422, 'move_not_supported', `${provider.name} does not move messages by this call`);
    const moved = provider.move(email, id, folder);
    if (!moved) throw new SandboxRefusal(404, 'message_not_found', `${email} has no message ${id}`);
    response.json(moved);
  });
  router.delete('/accounts/:provider/:email/messages/:id', (request, response) => {
    const { provider, email } = accountOf(control, request);
    const id = request.params.id;
    if (!provider.remove(email, id))
      throw new SandboxRefusal(404, 'message_not_found', `${email} has no message ${id}`);
    response.json({ deleted: true });
  });
}

function securityEventRoute(router: Router, control: Control): void {
  router.post('/accounts/:provider/:email/security-events', (request, response) => {
    const { provider, email } = accountOf(control, request);
    const body = SecurityEventBody.parse(request.body ?? {});
    const { securityEvents = [] } = provider;
    existing(provider, email);
    if (!provider.tellSecurityEvent || !securityEvents.includes(body.event)) {
      const has = securityEvents.length > 0 ? `; it has ${securityEvents.join(', ')}` : '';
      throw new SandboxRefusal(
        422,
        'security_event_not_supported',
        `${provider.name} has no security event "${body.event}"${has}`,
      );
    }
    response.status(202).json({ sent: true, ...provider.tellSecurityEvent(email, body) });
  });
}

/** The mailbox has moved: `to` holds what the account of the same address at `from` holds, with the same dates. */
function copyMailbox(
  from: SandboxProvider,
  to: SandboxProvider,
  email: string,
  anew: boolean,
): readonly DeliveredMessage[] {
  existing(from, email);
  return [...from.contents(email)].flatMap(({ folder, date, bytes }) => {
    const raw = (anew ? reencode(bytes) : bytes).toString('base64');
    return to.deliver(email, { count: 1, folder, date, raw });
  });
}

function faultRoutes(router: Router, control: Control): void {
  router.get('/faults', (_request, response) => response.json({ data: control.conditions.list() }));
  router.post('/faults', (request, response) => {
    const { provider: name, fault, times, kind, ...parameters } = FaultBody.parse(request.body);
    const provider = providerNamed(control, name);
    const sort = provider.supports(fault);
    if (sort === undefined) {
      const { events, conditions } = provider.describe();
      const has = [...events.map((event) => event.fault), ...conditions].join(', ');
      throw new SandboxRefusal(422, 'fault_not_supported', `${name} has no fault "${fault}"; it has ${has}`);
    }
    if (sort === 'condition') {
      response.status(201).json(control.conditions.add({ provider: name, fault, times, kind, ...parameters }));
      return;
    }
    if (parameters.email !== undefined) existing(provider, parameters.email);
    provider.event(fault, parameters);
    response.status(201).json({ id: `evt_${crypto.randomUUID()}`, provider: name, fault, happened: true });
  });
  // Ending what has ended by itself, or was an event, is no mistake.
  router.delete('/faults/:id', (request, response) => {
    response.json({ ended: control.conditions.remove(request.params.id) });
  });
}

function providerRoutes(router: Router, control: Control): void {
  router.get('/providers', (_request, response) => {
    response.json({ data: [...control.providers.values()].map(present) });
  });
  router.get('/providers/:provider', (request, response) => {
    response.json(present(providerNamed(control, request.params.provider)));
  });
  router.put('/providers/:provider', (request, response) => {
    const provider = providerNamed(control, request.params.provider);
    response.json(provider.configure(SettingsBody.parse(request.body ?? {})));
  });
}

function requestLogRoutes(router: Router, control: Control): void {
  router.get('/requests', (request, response) => {
    response.json({ data: control.requests.list(RequestsQuery.parse(request.query)) });
  });
  router.delete('/requests', (_request, response) => {
    control.requests.clear();
    response.json({ cleared: true });
  });
}

/** As new, except for the client's secret and the ports: open connections stay. */
function reset({ providers, conditions, requests, clock }: Control): void {
  conditions.clear();
  clock.setOffset(0);
  for (const provider of providers.values()) provider.reset();
  requests.clear();
}

function clockNow({ clock }: Control): { offset_s: number; now: string } {
  return { offset_s: clock.offsetS, now: clock.now().toISOString() };
}

function present(provider: SandboxProvider): Record<string, unknown> {
  return { name: provider.name, ...provider.describe() };
}

function providerNamed({ providers }: Control, name: string): SandboxProvider {
  const provider = [...providers.values()].find((candidate) => candidate.name === name);
  if (provider) return provider;
  const known = [...providers.keys()].join(', ');
  throw new SandboxRefusal(404, 'provider_not_found', `there is no provider "${name}"; there are ${known}`);
}

function accountOf(control: Control, request: Request): { provider: SandboxProvider; email: string } {
  return {
    provider: providerNamed(control, String(request.params['provider'])),
    email: String(request.params['email']),
  };
}

function existing(provider: SandboxProvider, email: string): unknown {
  const account = provider.account(email);
  if (account) return account;
  throw new SandboxRefusal(404, 'account_not_found', `${provider.name} has no account ${email}`);
}

/** What every provider's accounts have. */
const COMMON_DETAILS: readonly (keyof AccountDetails)[] = ['password', 'name', 'tenant'];

function refuseForeignDetails(provider: SandboxProvider, details: AccountDetails): void {
  const known: readonly string[] = [...COMMON_DETAILS, ...(provider.accountDetails ?? [])];
  const foreign = Object.entries(details).find(([name, value]) => value !== undefined && !known.includes(name));
  if (!foreign) return;
  throw new SandboxRefusal(422, 'detail_not_supported', `an account of ${provider.name} has no "${foreign[0]}"`);
}

function providerOfPage(control: Control, url: URL): SandboxProvider {
  const provider = [...control.providers.values()].find((candidate) => candidate.ownsPage?.(url));
  if (provider) return provider;
  throw new SandboxRefusal(
    400,
    'not_a_sign_in_page',
    `${url.origin}${url.pathname} is no authorization page of the sandbox`,
  );
}

function notItsPage({ name }: SandboxProvider, lack: string): SandboxRefusal {
  return new SandboxRefusal(422, 'consent_not_supported', `${name} has ${lack}`);
}

const answerErrors: ErrorRequestHandler = (error: unknown, _request, response: Response, next) => {
  if (response.headersSent) return next(error);
  const refusal = toRefusal(error);
  if (!refusal) return next(error);
  response.status(refusal.status).json({ error: { code: refusal.code, message: refusal.message } });
};

function toRefusal(error: unknown): SandboxRefusal | undefined {
  if (error instanceof SandboxRefusal) return error;
  if (error instanceof z.ZodError) return new SandboxRefusal(400, 'invalid_request', z.prettifyError(error));
  if (error instanceof SyntaxError)
    return new SandboxRefusal(400, 'invalid_json', `the body is not JSON: ${error.message}`);
  if (error instanceof URIError) return new SandboxRefusal(400, 'invalid_path', error.message);
  return undefined;
}

/** Keeps pages of other sites, open in the same browser, from reaching a sandbox on loopback. */
export const refuseOtherSites: RequestHandler = (request, response, next) => {
  const host = request.headers.host ?? '';
  const hostName = host.replace(/:\d+$/, '');
  const origin = request.headers.origin;
  // A page that was reached by a redirect from elsewhere posts its form with this origin, as a page in a sandboxed frame does.
  const isOwnForm = origin === 'null' && request.headers['sec-fetch-site'] === 'same-origin';
  const sameSite = origin === undefined || isOwnForm || origin === `http://${host}`;
  if (['127.0.0.1', 'localhost'].includes(hostName) && sameSite) return next();
  response
    .status(403)
    .json({ error: { code: 'other_site', message: `the sandbox does not answer ${origin ?? host}` } });
};
