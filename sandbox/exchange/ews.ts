import type { Request } from 'express';
import type { Condition } from '../conditions.ts';
import { DEFAULT_RETRY_AFTER_S, TRANSPORT_FAULTS } from '../http-answer.ts';
import type { HttpAnswer } from '../http-answer.ts';
import { bodyOf } from '../http-endpoint.ts';
import type { Endpoint, Service } from './endpoint.ts';
import { page } from './iis.ts';
import { createItem } from './operations/create-item.ts';
import { findFolders, getFolder, syncFolderHierarchy } from './operations/folders.ts';
import { findItems, getItem, syncFolderItems } from './operations/items.ts';
import { resolveNames } from './operations/names.ts';
import type { Operation } from './operations/operation.ts';
import { LISTING_FAULTS } from './operations/operation.ts';
import { getStreamingEvents, subscribe, unsubscribe } from './operations/subscriptions.ts';
import { ewsAnswer, ewsFault, failed } from './soap/answer.ts';
import type { XmlElement } from './soap/element.ts';
import { parseXml } from './soap/element.ts';
import { busyInside, EWS } from './soap/errors.ts';

const OPERATIONS: Readonly<Record<string, Operation>> = {
  CreateItem: createItem,
  FindFolder: findFolders,
  FindItem: findItems,
  GetFolder: getFolder,
  GetItem: getItem,
  GetStreamingEvents: getStreamingEvents,
  ResolveNames: resolveNames,
  Subscribe: subscribe,
  SyncFolderHierarchy: syncFolderHierarchy,
  SyncFolderItems: syncFolderItems,
  Unsubscribe: unsubscribe,
};

/** Faults of the whole request. `server_busy_inside`: the server refuses it midway. */
const REQUEST_FAULTS = ['account_disabled', 'mailbox_unavailable', 'server_busy_inside'];

/** Faults of an operation alone, so that no other request uses them up. */
const OPERATION_FAULTS: Readonly<Record<string, readonly string[]>> = {
  CreateItem: ['mailbox_full', 'message_too_large'],
  GetItem: ['batch_stopped'],
  FindItem: LISTING_FAULTS,
  GetStreamingEvents: ['streams_exhausted', 'proxy_buffers'],
  Subscribe: ['subscription_refused'],
  SyncFolderItems: LISTING_FAULTS,
};

/** Exchange Web Services, the address `/EWS/Exchange.asmx`. */
export function ewsEndpoint({ store, frontEnd, subscriptions }: Service): Endpoint {
  return {
    operation: (request) => askedOf(request)?.name ?? request.method,
    faults: (request) => [
      ...TRANSPORT_FAULTS,
      ...REQUEST_FAULTS,
      ...(OPERATION_FAULTS[askedOf(request)?.name ?? ''] ?? []),
    ],
    answer(request, login, held) {
      if (request.method !== 'POST') return page(200, 'Service', 'You have created a service.');
      const asked = askedOf(request);
      const operation = asked && OPERATIONS[asked.name];
      if (!asked || !operation) return ewsFault(EWS.schema);
      const said =
        faultOf(asked, held) ??
        operation({ store, login, asked, held, headers: request.headers, frontEnd, subscriptions });
      if ('status' in said) return said;
      return 'code' in said ? ewsFault(said) : ewsAnswer(asked.name, said);
    },
  };
}

function faultOf(asked: XmlElement, held: ReadonlyMap<string, Condition>): HttpAnswer | undefined {
  if (held.has('account_disabled')) return ewsFault(EWS.accountDisabled);
  if (held.has('mailbox_unavailable')) return ewsFault(EWS.noMailbox);
  const busy = held.get('server_busy_inside');
  if (!busy) return undefined;
  return ewsAnswer(asked.name, [failed(asked.name, busyInside(busy.retry_after_s ?? DEFAULT_RETRY_AFTER_S))]);
}

const ASKED = new WeakMap<Request, XmlElement | null>();

/** The element in the body of the envelope; a large request is read only once. */
function askedOf(request: Request): XmlElement | undefined {
  const known = ASKED.get(request);
  if (known !== undefined) return known ?? undefined;
  const asked = parseXml(bodyOf(request))?.at('Envelope/Body')?.children[0];
  ASKED.set(request, asked ?? null);
  return asked;
}
