import type { AccountRow, MicrosoftAccessTokenRow } from '../rows.ts';
import type { MicrosoftStore } from '../store.ts';
import type { GraphErrors } from './answers.ts';

export interface Graph {
  readonly store: MicrosoftStore;
  /** What stands in the place of `https://graph.microsoft.com/v1.0`. */
  readonly address: string;
  readonly errors: GraphErrors;
}

/** A call of Graph, alone or in a batch. */
export interface GraphRequest {
  readonly method: string;
  /** Below the version, without a slash at its begin: `me/mailFolders`. Still encoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly authorization: string | undefined;
  /** The Prefer headers, all in one. */
  readonly prefer: string;
  readonly body: string;
}

/** A call about a mailbox that this login may use. */
export interface MailboxRequest {
  readonly graph: Graph;
  readonly request: GraphRequest;
  readonly token: MicrosoftAccessTokenRow;
  /** The mailbox, which may be another's. */
  readonly account: AccountRow;
  /** How the request names it, for the links of its answer: `me`. */
  readonly prefix: string;
  /** The ids of the path, decoded. */
  readonly ids: readonly string[];
}

/** `Prefer: IdType="ImmutableId"` counts for this request alone. */
export function prefersImmutableIds({ prefer }: Pick<GraphRequest, 'prefer'>): boolean {
  return /idtype\s*=\s*"immutableid"/i.test(prefer);
}

export function preferredPageSize({ prefer }: Pick<GraphRequest, 'prefer'>): number | undefined {
  const size = Number(/odata\.maxpagesize\s*=\s*(\d+)/i.exec(prefer)?.[1]);
  return size > 0 ? size : undefined;
}

/** What of `Prefer` was followed, as the answer tells it (RFC 7240 section 3). */
export function appliedPreferences(request: Pick<GraphRequest, 'prefer'>): Record<string, string> {
  const size = preferredPageSize(request);
  const applied = [
    ...(prefersImmutableIds(request) ? ['IdType="ImmutableId"'] : []),
    ...(size === undefined ? [] : [`odata.maxpagesize=${size}`]),
  ];
  return applied.length === 0 ? {} : { 'preference-applied': applied.join(', ') };
}

export function selected(query: URLSearchParams): readonly string[] {
  return (query.get('$select') ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean);
}

/** `mailFolders('id')` and `mailFolders/id` are the same, `%24value` and `$value` too. */
export function plainPath(path: string): string {
  return path
    .replaceAll('%24', '$')
    .replace(/\((?:'|%27)(.+?)(?:'|%27)\)/gi, '/$1')
    .replace(/^\/+|\/+$/g, '');
}
