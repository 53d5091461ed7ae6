import type { IncomingHttpHeaders } from 'node:http';
import type { Condition } from '../../conditions.ts';
import type { Html } from '../../html.ts';
import type { HttpAnswer } from '../../http-answer.ts';
import type { AccountRow, FolderRow } from '../rows.ts';
import type { EwsError } from '../soap/answer.ts';
import type { XmlElement } from '../soap/element.ts';
import { EWS } from '../soap/errors.ts';
import type { ExchangeStore } from '../store.ts';
import type { FrontEnd } from '../streaming/front-end.ts';
import type { Subscriptions } from '../streaming/subscriptions.ts';

/** One request of a login that is let in. */
export interface EwsRequest {
  readonly store: ExchangeStore;
  readonly login: AccountRow;
  /** The element in the body, `GetItem`. */
  readonly asked: XmlElement;
  readonly held: ReadonlyMap<string, Condition>;
  readonly headers: IncomingHttpHeaders;
  readonly frontEnd: FrontEnd;
  readonly subscriptions: Subscriptions;
}

/** Response messages, one for each thing in the request; the error of the request as a whole; or an answer with more to it. */
export type Operation = (request: EwsRequest) => readonly Html[] | EwsError | HttpAnswer;

/** Silent faults of a listing: it ends early, or gives a page twice. */
export const LISTING_FAULTS = ['listing_cut_short', 'page_repeated'] as const;

/** A folder and its owner. */
export interface FoundFolder {
  readonly owner: AccountRow;
  readonly folder: FolderRow;
}

/** The folders that an element names, each found or refused. */
export function foldersIn(request: EwsRequest, path: string): readonly (FoundFolder | EwsError)[] {
  return (request.asked.at(path)?.children ?? []).map((id) => findFolder(request, id));
}

export function findFolder(request: EwsRequest, id: XmlElement): FoundFolder | EwsError {
  if (id.name === 'DistinguishedFolderId') return distinguishedFolder(request, id);
  const folderId = id.attributes['Id'] ?? '';
  if (!folderId.startsWith('AAMkAG')) return EWS.invalidId;
  const folder = request.store.folder(folderId);
  if (!folder) return EWS.folderNotFound;
  return ofOwner(request, folder.email, () => folder);
}

function distinguishedFolder(request: EwsRequest, id: XmlElement): FoundFolder | EwsError {
  const email = id.textAt('Mailbox/EmailAddress') || request.login.email;
  const name = id.attributes['Id'] ?? '';
  return ofOwner(request, email, () =>
    request.store
      .mailbox(email)
      .folders()
      .find(({ well_known }) => well_known === name),
  );
}

function ofOwner(request: EwsRequest, email: string, find: () => FolderRow | undefined): FoundFolder | EwsError {
  const { store, login } = request;
  const owner = store.account(email);
  if (!owner) return EWS.noMailbox;
  if (!mayRead(login, owner)) return EWS.accessDenied;
  const folder = find();
  if (!folder) return EWS.folderNotFound;
  return isDenied(request, folder.well_known ?? folder.name) ? EWS.accessDenied : { owner, folder };
}

/** Whether the fault `access_denied` names this item by its id, or this folder by its name. */
export function isDenied({ store, login }: Pick<EwsRequest, 'store' | 'login'>, named: string): boolean {
  const of = { provider: 'exchange', kind: 'api', email: login.email, message: named, isPart: true } as const;
  return store.deps.conditions.take(of, ['access_denied']).size > 0;
}

export function mayRead(login: AccountRow, owner: AccountRow): boolean {
  return login.email === owner.email || owner.delegates.includes(login.email.toLowerCase());
}
