import type { MessageSpec } from '../message-factory.ts';
import type { OAuthRows, OAuthSettings } from '../oauth/rows.ts';

/** The tables of Salesforce. Keys are lower-case addresses, tokens and ids; times are milliseconds of the sandbox's clock. */
export interface SalesforceRows extends OAuthRows {
  /** By address. */
  readonly accounts: AccountRow;
  /** By id. */
  readonly records: RecordRow;
  /** One row, `settings`: what was set; the rest is as by default. */
  readonly settings: Partial<OAuthSettings>;
}

/** A user of an organization. */
export interface AccountRow {
  readonly email: string;
  /** `005…` */
  readonly user_id: string;
  /** The organization as it was named: `acme`. */
  readonly org: string;
  /** `na1`; one that begins with `cs` serves sandbox organizations, which log in at `test`. */
  readonly instance: string;
  readonly name: string | null;
  readonly password: string | null;
  /** No replication reaches back before this instant. */
  readonly replicated_from: number;
}

export type ObjectName = 'EmailMessage' | 'Task' | FileObject;
/** A mail's files: attached to it, or published and linked to it. */
export type FileObject = 'Attachment' | 'ContentVersion' | 'ContentDocumentLink';
export type FieldValue = string | number | boolean | null;

export interface RecordRow {
  readonly org: string;
  readonly object: ObjectName;
  readonly id: string;
  /**
   * CreatedDate, LastModifiedDate and SystemModstamp, in whole seconds as Salesforce has them. A mail with a date of its own
   * is dated back to it, as an import with the permission to set audit fields does; no stamp is ever dated back.
   */
  readonly created_at: number;
  readonly modified_at: number;
  readonly stamp: number;
  readonly created_by: string;
  readonly deleted_at: number | null;
  /** The fault `transaction_open` under which it was made: until its end no request sees the record. */
  readonly transaction?: string;
  /** What was set; the other fields are empty. */
  readonly fields: Readonly<Record<string, FieldValue>>;
  /** Of a delivered mail: subject, sender and text are made of it anew. */
  readonly spec?: MessageSpec;
  /** The bytes of a file, in Base64. */
  readonly data?: string;
}

/** Each refresh answers with a new token and kills the old one, as Salesforce demands of apps since May 2026. */
export const DEFAULT_SETTINGS: OAuthSettings = { token_life_s: 60, refresh_rotation: 'strict', grace_s: 30 };
