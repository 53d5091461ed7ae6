import { join } from 'node:path';
import { openJournal } from './journal.ts';

/** `send`: a mail that is handed in for sending. */
export type RequestKind = 'token' | 'revoke' | 'authorize' | 'api' | 'login' | 'push' | 'send';
export const REQUEST_KINDS: readonly RequestKind[] = ['token', 'revoke', 'authorize', 'api', 'login', 'push', 'send'];

/** Kept in memory and at a compaction; older ones go. */
const KEPT_REQUESTS = 50_000;

interface LoggedRequest {
  readonly id: number;
  readonly provider: string;
  /** Real time of arrival, also while the sandbox's clock runs ahead: it is compared with the caller's own clock. */
  readonly at: string;
  readonly kind: RequestKind;
  /** HTTP status, or 200 and 401 for what has none; null until answered, and for ever when the answer never left. */
  readonly status: number | null;
  readonly email: string | null;
  readonly grant_type?: string;
  /** What was asked, without anything secret: `GET /gmail/v1/users/me/history`, `LOGIN`. */
  readonly operation?: string;
}

export type RequestDetails = Partial<Pick<LoggedRequest, 'email' | 'grant_type' | 'operation'>>;

/** A request under way. */
export interface OpenRequest {
  /** Says whose it is, or what it is, once that is known. */
  attribute(details: RequestDetails): void;
  /** Call it right before the answer leaves. */
  answered(status: number): void;
}

interface RequestFilter {
  readonly provider?: string | undefined;
  readonly email?: string | undefined;
  readonly kind?: string | undefined;
  readonly since?: Date | undefined;
  /** The newest so many. */
  readonly limit?: number | undefined;
}

export interface RequestLog {
  arrived(provider: string, kind: RequestKind, details?: RequestDetails): OpenRequest;
  /** In order of arrival. */
  list(filter: RequestFilter): readonly LoggedRequest[];
  clear(): void;
  close(): void;
}

type Entry = LoggedRequest | ({ readonly change: number; readonly status?: number } & RequestDetails);

/** What reached the providers, refused or not, kept on disk from the moment of arrival. */
export function openRequestLog(dir: string): RequestLog {
  const requests = new Map<number, LoggedRequest>();
  let nextId = 1;
  const replay = (entry: Entry): void => {
    if (!('change' in entry)) {
      requests.set(entry.id, entry);
      nextId = Math.max(nextId, entry.id + 1);
      return;
    }
    const { change, ...changes } = entry;
    const request = requests.get(change);
    if (request) requests.set(change, { ...request, ...changes });
  };
  const trim = (): void => {
    for (const id of requests.keys()) {
      if (requests.size <= KEPT_REQUESTS) return;
      requests.delete(id);
    }
  };
  const journal = openJournal<Entry>(join(dir, 'requests.jsonl'), {
    replay,
    snapshot() {
      trim();
      return requests.values();
    },
  });
  let appended = 0;
  const record = (entry: Entry): void => {
    journal.append(entry);
    replay(entry);
    if (++appended < 4 * KEPT_REQUESTS) return;
    appended = 0;
    journal.rewrite();
  };
  return {
    arrived(provider, kind, details = {}) {
      const id = nextId;
      record({ id, provider, at: new Date().toISOString(), kind, status: null, email: null, ...details });
      return {
        attribute: (changes) => record({ change: id, ...changes }),
        answered: (status) => record({ change: id, status }),
      };
    },
    list: (filter) =>
      [...requests.values()].filter((request) => matches(request, filter)).slice(-(filter.limit ?? KEPT_REQUESTS)),
    clear() {
      requests.clear();
      journal.rewrite();
    },
    close: () => journal.close(),
  };
}

function matches(request: LoggedRequest, { provider, email, kind, since }: RequestFilter): boolean {
  if (provider !== undefined && request.provider !== provider) return false;
  if (email !== undefined && request.email?.toLowerCase() !== email.toLowerCase()) return false;
  if (kind !== undefined && request.kind !== kind) return false;
  return since === undefined || Date.parse(request.at) >= since.getTime();
}
