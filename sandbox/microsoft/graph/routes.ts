import type { Request, RequestHandler } from 'express';
import { Router } from 'express';
import type { Condition } from '../../conditions.ts';
import type { HttpAnswer } from '../../http-answer.ts';
import { DEFAULT_RETRY_AFTER_S, TRANSPORT_FAULTS } from '../../http-answer.ts';
import type { HttpEndpoint } from '../../http-endpoint.ts';
import { bodyOf, endpointHandlers, queryOf } from '../../http-endpoint.ts';
import { rubbish } from '../entra/answers.ts';
import { refuseToken, tokenOf } from './access.ts';
import { batchAnswer, findsPlace, parseBatch } from './batch.ts';
import { answerMailbox, GRAPH_FAULTS, isListing, mailboxKeyOf } from './graph.ts';
import { LISTING_FAULTS } from './listing-faults.ts';
import { MAILBOX_CONCURRENCY, MailboxGate } from './mailbox-gate.ts';
import type { GraphRequest } from './request.ts';
import { appliedPreferences, plainPath } from './request.ts';
import type { SubscribedGraph } from './subscriptions.ts';
import { answerSubscription, isSubscription, SUBSCRIPTION_FAULTS } from './subscriptions.ts';

type Held = ReadonlyMap<string, Condition>;

const BATCH_FAULTS = TRANSPORT_FAULTS.filter((fault) => fault !== 'rate_limited');

/** Graph's addresses below `graph.address`. */
export function graphRoutes(graph: SubscribedGraph): Router {
  const router = Router();
  const gate = new MailboxGate();
  const root = new URL(graph.address).pathname;
  const at = (endpoint: HttpEndpoint): RequestHandler[] => endpointHandlers(graph.store.deps, 'microsoft', endpoint);
  router.post([`${root}/$batch`, `${root}/%24batch`], ...at(batchEndpoint(graph, gate)));
  router.all(`${root}/*path`, ...at(callEndpoint(graph, gate)));
  return router;
}

function callEndpoint(graph: SubscribedGraph, gate: MailboxGate): HttpEndpoint {
  const read = (request: Request): GraphRequest => graphRequest(graph, request);
  return {
    kind: 'api',
    transport: graph.errors.transport(rubbish),
    details: (request) => ({ email: ownerOf(graph, read(request)) }),
    message: (request) => messageOf(graph, read(request)),
    faults: (request) => [...TRANSPORT_FAULTS, ...faultsOf(read(request))],
    async answer(request, held) {
      const call = read(request);
      const mailbox = mailboxKeyOf(graph, call);
      if (gate.free(mailbox) < 1) return graph.errors.overMailboxConcurrency();
      await gate.hold(mailbox, 1);
      return answerCall(graph, call, held);
    },
  };
}

/** The faults that show in a call's answer, whether it comes alone or in a batch. */
function faultsOf(call: GraphRequest): readonly string[] {
  if (isSubscription(call)) return SUBSCRIPTION_FAULTS;
  return isListing(call) ? [...GRAPH_FAULTS, ...LISTING_FAULTS] : GRAPH_FAULTS;
}

async function answerCall(graph: SubscribedGraph, call: GraphRequest, held: Held): Promise<HttpAnswer> {
  if (isSubscription(call)) return answerSubscription(graph, call, held);
  const answer = answerMailbox(graph, call, held);
  return answer.status === 200 ? { ...answer, headers: { ...answer.headers, ...appliedPreferences(call) } } : answer;
}

/** A batch is one request on the wire; its calls are limited and refused one by one. */
function batchEndpoint(graph: SubscribedGraph, gate: MailboxGate): HttpEndpoint {
  const read = (request: Request): GraphRequest => graphRequest(graph, request);
  return {
    kind: 'api',
    transport: graph.errors.transport(rubbish),
    details: (request) => ({ email: ownerOf(graph, read(request)) }),
    faults: () => BATCH_FAULTS,
    async answer(request) {
      const batch = read(request);
      const refused = refuseToken(graph, batch, new Map());
      if (refused) return refused;
      const parts = parseBatch(graph, batch);
      if ('status' in parts) return parts;
      const mailbox = parts.map((part) => mailboxKeyOf(graph, part.request)).find((key) => key !== null) ?? null;
      const free = gate.free(mailbox);
      await gate.hold(
        mailbox,
        Math.min(MAILBOX_CONCURRENCY, parts.length),
        Math.ceil(parts.length / MAILBOX_CONCURRENCY),
      );
      const answers = parts.map(async ({ id, request: call }, index) => ({
        id,
        answer: findsPlace(index, free) ? await answerPart(graph, call) : graph.errors.overMailboxConcurrency(),
      }));
      return batchAnswer(await Promise.all(answers));
    },
  };
}

async function answerPart(graph: SubscribedGraph, call: GraphRequest): Promise<HttpAnswer> {
  const { conditions } = graph.store.deps;
  const of = {
    provider: 'microsoft',
    kind: 'api' as const,
    email: ownerOf(graph, call),
    message: messageOf(graph, call),
  };
  const held = conditions.take(of, [...faultsOf(call), 'rate_limited']);
  const limited = held.get('rate_limited');
  if (!limited) return answerCall(graph, call, held);
  return graph.errors.transport(rubbish).rateLimited(limited.retry_after_s ?? DEFAULT_RETRY_AFTER_S);
}

function ownerOf(graph: SubscribedGraph, call: GraphRequest): string | null {
  const row = tokenOf(graph, call);
  return row ? (graph.store.account(row.email)?.email ?? row.email) : null;
}

/** The one message that a call asks for, by its immutable id, whichever one the call has. */
function messageOf(graph: SubscribedGraph, call: GraphRequest): string | null {
  const id = /\/messages\/([^/]+)(?:\/\$value)?$/.exec(plainPath(call.path))?.[1];
  const mailbox = mailboxKeyOf(graph, call);
  if (id === undefined || mailbox === null) return null;
  const given = decodeURIComponent(id);
  return graph.store.mailbox(mailbox).get(given)?.id ?? given;
}

function graphRequest(graph: SubscribedGraph, request: Request): GraphRequest {
  return {
    method: request.method,
    path: request.path.slice(new URL(graph.address).pathname.length + 1),
    query: queryOf(request),
    authorization: request.headers.authorization,
    prefer: [request.headers['prefer']].flat().join(', '),
    body: bodyOf(request),
  };
}
