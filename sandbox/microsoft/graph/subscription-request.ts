import type { HttpAnswer } from '../../http-answer.ts';
import type { Graph } from './request.ts';
import { plainPath } from './request.ts';

const MINUTE_MS = 60_000;
/** Without resource data. https://learn.microsoft.com/graph/change-notifications-overview#subscription-lifetime */
const MOST_MINUTES = 10_080;
/** A shorter life is raised to this. */
const FEWEST_MINUTES = 45;
const MOST_CLIENT_STATE = 128;
const CHANGE_TYPES = ['created', 'updated', 'deleted'];

/** What an app asks to be told of. */
interface AskedSubscription {
  readonly resource: string;
  /** The mailbox, `me` or `users/{id}`. */
  readonly prefix: string;
  readonly folder: string | null;
  readonly change_types: readonly string[];
  readonly notification_url: string;
  readonly lifecycle_url: string | null;
  readonly client_state: string | null;
  readonly expires_at: number;
}

export function parseSubscription(graph: Graph, text: string): AskedSubscription | HttpAnswer {
  const { errors } = graph;
  const body = bodyOf(text);
  const string = (name: string): string | null => (typeof body[name] === 'string' ? body[name] : null);
  const missing = ['changeType', 'notificationUrl', 'resource'].find((name) => string(name) === null);
  if (missing !== undefined) return invalid(graph, `${missing} is a required property for subscription creation`);
  const resource = string('resource') ?? '';
  const [, prefix, folder = null] =
    /^(me|users\/[^/]+)\/(?:mailFolders\/([^/]+)\/)?messages$/i.exec(plainPath(resource.split('?')[0] ?? '')) ?? [];
  if (prefix === undefined) return invalid(graph, `Resource '${resource}' is not supported.`);
  const change_types = (string('changeType') ?? '').split(',').map((type) => type.trim().toLowerCase());
  if (change_types.some((type) => !CHANGE_TYPES.includes(type))) return invalid(graph, 'changeType is invalid.');
  const notification_url = string('notificationUrl') ?? '';
  const lifecycle_url = string('lifecycleNotificationUrl');
  const addresses = [notification_url, ...(lifecycle_url === null ? [] : [lifecycle_url])];
  if (!addresses.every((url) => /^https?:/.test(url) && URL.canParse(url))) {
    return invalid(graph, 'Notification endpoint is not a valid address.');
  }
  const client_state = string('clientState');
  if ((client_state?.length ?? 0) > MOST_CLIENT_STATE) {
    return errors.of(
      400,
      'InvalidRequest',
      `clientState exceeds the maximum length of ${MOST_CLIENT_STATE} characters.`,
    );
  }
  const expires_at = expirationOf(graph, text);
  if (typeof expires_at !== 'number') return expires_at;
  return { resource, prefix, folder, change_types, notification_url, lifecycle_url, client_state, expires_at };
}

/** When it is to end, or the error. */
export function expirationOf(graph: Graph, text: string): number | HttpAnswer {
  const given = bodyOf(text)['expirationDateTime'];
  if (typeof given !== 'string' || Number.isNaN(Date.parse(given))) {
    return invalid(graph, 'expirationDateTime is a required property for subscription creation');
  }
  const now = graph.store.now();
  const minutes = (Date.parse(given) - now) / MINUTE_MS;
  if (minutes <= 0) return invalid(graph, 'Subscription expiration must be in the future.');
  if (minutes > MOST_MINUTES) {
    const message = `Subscription expiration can only be ${MOST_MINUTES} minutes in the future.`;
    return graph.errors.of(400, 'ExtensionError', message);
  }
  return now + Math.max(minutes, FEWEST_MINUTES) * MINUTE_MS;
}

function invalid({ errors }: Graph, message: string): HttpAnswer {
  return errors.of(400, 'InvalidRequest', message);
}

function bodyOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
