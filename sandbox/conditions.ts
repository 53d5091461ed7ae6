import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { openJournal } from './journal.ts';
import type { RequestKind } from './request-log.ts';

/** What a fault was given besides its name; each fault knows its own. */
export interface FaultParameters {
  readonly email?: string | undefined;
  /** Only requests for this message, by its `provider_id`: a mail that breaks its reader. */
  readonly message?: string | undefined;
  /** `scope_removed` */
  readonly scope?: string | undefined;
  /** `rate_limited` */
  readonly retry_after_s?: number | undefined;
  /** `unavailable` */
  readonly http_status?: number | undefined;
  /** `slow` */
  readonly ms?: number | undefined;
  /** `cut_connection`: before anything is done, or after it is done and before it is answered. */
  readonly after?: 'request' | 'processing' | undefined;
}

/** A fault that lasts, `times` requests or until it is deleted. */
export interface Condition extends FaultParameters {
  readonly id: string;
  readonly provider: string;
  readonly fault: string;
  /** Every kind of request when absent. */
  readonly kind?: RequestKind | undefined;
  /** Requests left; endless when absent. */
  readonly times?: number | undefined;
}

/** A request as far as conditions care. */
interface ConditionedRequest {
  readonly provider: string;
  readonly kind: RequestKind;
  readonly email?: string | null | undefined;
  /** The one message that it asks for. */
  readonly message?: string | null | undefined;
  /** One message of a request that has met its conditions: only the ones that name this message. */
  readonly isPart?: boolean;
}

export interface Conditions {
  add(condition: Omit<Condition, 'id'>): Condition;
  /** False when there is none of that id, or it has run out. */
  remove(id: string): boolean;
  list(): readonly Condition[];
  /**
   * The conditions that hold for this request, by name, the newest of each name. Uses up one of their `times`.
   * Only `faults` are looked at: name the ones that can show in this request, or they are used up unseen.
   */
  take(request: ConditionedRequest, faults: readonly string[]): ReadonlyMap<string, Condition>;
  /** Calls `then` at each condition's begin and end; a condition ends by deletion, or used up. */
  watch(then: (condition: Condition, change: 'began' | 'ended') => void): void;
  clear(): void;
  close(): void;
}

type Entry = { readonly set: Condition } | { readonly removed: string };

/** The lasting faults, kept on disk with what is left of them. */
export function openConditions(dir: string): Conditions {
  const conditions = new Map<string, Condition>();
  const watchers: ((condition: Condition, change: 'began' | 'ended') => void)[] = [];
  const tell = (condition: Condition, change: 'began' | 'ended'): void => {
    for (const then of watchers) then(condition, change);
  };
  const replay = (entry: Entry): void => {
    if ('set' in entry) conditions.set(entry.set.id, entry.set);
    else conditions.delete(entry.removed);
  };
  const journal = openJournal<Entry>(join(dir, 'conditions.jsonl'), {
    replay,
    snapshot: () => [...conditions.values()].map((condition) => ({ set: condition })),
  });
  const record = (entry: Entry): void => {
    journal.append(entry);
    replay(entry);
  };
  const use = (condition: Condition): void => {
    if (condition.times === undefined) return;
    if (condition.times <= 1) {
      record({ removed: condition.id });
      tell(condition, 'ended');
    } else record({ set: { ...condition, times: condition.times - 1 } });
  };
  return {
    add(condition) {
      const added = { id: `flt_${randomUUID()}`, ...condition };
      record({ set: added });
      tell(added, 'began');
      return added;
    },
    remove(id) {
      const existing = conditions.get(id);
      if (existing === undefined) return false;
      record({ removed: id });
      tell(existing, 'ended');
      return true;
    },
    list: () => [...conditions.values()],
    take(request, faults) {
      const held = new Map<string, Condition>();
      for (const condition of conditions.values()) {
        if (faults.includes(condition.fault) && holdsFor(condition, request)) held.set(condition.fault, condition);
      }
      for (const condition of held.values()) use(condition);
      return held;
    },
    watch: (then) => void watchers.push(then),
    clear() {
      conditions.clear();
      journal.rewrite();
    },
    close: () => journal.close(),
  };
}

function holdsFor(condition: Condition, request: ConditionedRequest): boolean {
  if (condition.provider !== request.provider) return false;
  if (condition.kind !== undefined && condition.kind !== request.kind) return false;
  if (condition.message === undefined && request.isPart) return false;
  if (condition.message !== undefined && condition.message !== request.message) return false;
  return condition.email === undefined || condition.email.toLowerCase() === request.email?.toLowerCase();
}
