import { accountKey } from '../../account-key.ts';
import { html as xml } from '../../html.ts';
import type { HttpAnswer } from '../../http-answer.ts';
import type { EwsError } from '../soap/answer.ts';
import { ewsAnswer, failed, succeeded } from '../soap/answer.ts';
import type { XmlElement } from '../soap/element.ts';
import { EWS } from '../soap/errors.ts';
import { EVENT_TYPES } from '../streaming/mailbox-change.ts';
import { refusal } from '../streaming/notification.ts';
import type { EwsRequest, Operation } from './operation.ts';
import { findFolder } from './operation.ts';

/** The longest life of a stream, in minutes, by the schema. */
const MOST_MINUTES = 30;

/** https://learn.microsoft.com/exchange/client-developer/web-service-reference/subscribe-operation */
export const subscribe: Operation = (request) => {
  if (request.held.has('subscription_refused')) return EWS.subscriptionCountExceeded;
  const asked = request.asked.at('StreamingSubscriptionRequest');
  const types = EVENT_TYPES.filter((type) =>
    asked?.at('EventTypes')?.children.some(({ text }) => text.trim() === type),
  );
  if (!asked || types.length === 0) return EWS.schema;
  const watched = watchedBy(request, asked);
  if ('code' in watched) return [failed('Subscribe', watched)];
  const { subscriptions, frontEnd, headers, login } = request;
  const backEnd = frontEnd.backEndOf(headers);
  const { id } = subscriptions.add({ ...watched, login: accountKey(login.email), types: new Set(types), backEnd });
  const answer = ewsAnswer('Subscribe', [succeeded('Subscribe', xml`<m:SubscriptionId>${id}</m:SubscriptionId>`)]);
  return { ...answer, headers: { ...answer.headers, ...frontEnd.affinity(headers, backEnd) } };
};

/** A subscription is about one mailbox; all of its folders can be named for the login's own alone. */
function watchedBy(
  request: EwsRequest,
  asked: XmlElement,
): { owner: string; folders: ReadonlySet<string> | null } | EwsError {
  if (asked.attributes['SubscribeToAllFolders'] === 'true') {
    return { owner: accountKey(request.login.email), folders: null };
  }
  const found = (asked.at('FolderIds')?.children ?? []).map((id) => findFolder(request, id));
  const refused = found.find((one) => 'code' in one);
  if (refused) return refused;
  const folders = found.filter((one) => 'folder' in one);
  const [owner] = folders.map((one) => accountKey(one.owner.email));
  if (owner === undefined || folders.some((one) => accountKey(one.owner.email) !== owner))
    return EWS.invalidSubscription;
  return { owner, folders: new Set(folders.map(({ folder }) => folder.id)) };
}

/** https://learn.microsoft.com/exchange/client-developer/web-service-reference/unsubscribe-operation */
export const unsubscribe: Operation = (request) => {
  const id = request.asked.textAt('SubscriptionId') ?? '';
  if (!request.subscriptions.find(id, whoseOf(request))) return [failed('Unsubscribe', EWS.subscriptionNotFound)];
  request.subscriptions.remove(id);
  return [succeeded('Unsubscribe')];
};

/** https://learn.microsoft.com/exchange/client-developer/web-service-reference/getstreamingevents-operation */
export const getStreamingEvents: Operation = (request) => {
  const { asked, subscriptions, held } = request;
  const ids = asked.at('SubscriptionIds')?.children.map(({ text }) => text.trim()) ?? [];
  const minutes = Number(asked.textAt('ConnectionTimeout'));
  const isLegal = Number.isInteger(minutes) && minutes >= 1 && minutes <= MOST_MINUTES && ids.length > 0;
  if (!isLegal) return EWS.schema;
  const whose = whoseOf(request);
  if (held.has('streams_exhausted') || subscriptions.isFull(whose.login)) return EWS.connectionCountExceeded;
  const unknown = ids.filter((id) => !subscriptions.find(id, whose));
  if (unknown.length > 0) return [refusal(EWS.subscriptionNotFound, unknown)];
  const terms = { minutes, isBuffered: held.has('proxy_buffers') };
  const answer: HttpAnswer = {
    status: 200,
    headers: { 'content-type': 'text/xml; charset=utf-8', 'cache-control': 'private' },
    body: '',
    stream: (response) => subscriptions.open(response, whose.login, ids, terms),
  };
  return answer;
};

function whoseOf({ login, frontEnd, headers }: EwsRequest) {
  return { login: accountKey(login.email), backEnd: frontEnd.backEndOf(headers) };
}
