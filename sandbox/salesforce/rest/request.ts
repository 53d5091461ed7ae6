import type { AccountRow } from '../rows.ts';
import type { SalesforceStore } from '../store.ts';
import type { Locators } from './locators.ts';

/** A call of the REST API with a session that is good at this instance. */
export interface RestRequest {
  readonly store: SalesforceStore;
  readonly locators: Locators;
  readonly account: AccountRow;
  readonly method: string;
  /** `v64.0` */
  readonly version: string;
  /** Below the version, decoded: `['sobjects', 'Task', '00T…']`. */
  readonly path: readonly string[];
  readonly query: URLSearchParams;
  readonly body: string;
  /** The header Sforce-Query-Options. */
  readonly options: string;
  /** The faults that hold for it, by name. */
  readonly faults: ReadonlySet<string>;
}
