import type { FolderRow as MailFolderRow, MessageRow } from '../microsoft/rows.ts';

/** The tables of Exchange. Keys are lower-case addresses and ids; times are milliseconds of the sandbox's clock. */
export interface ExchangeRows {
  /** By address. */
  readonly accounts: AccountRow;
  /** By folder id. */
  readonly folders: FolderRow;
  /** By an id that stays after a move; the ItemId of EWS is that of the last place. */
  readonly messages: MessageRow;
}

export interface AccountRow {
  readonly email: string;
  readonly name: string | null;
  readonly tenant: string | null;
  /** null: no password opens it until one is set. */
  readonly password: string | null;
  /** Addresses of the logins that may read this mailbox. */
  readonly delegates: readonly string[];
  /** Sync states of an earlier epoch are no longer known. */
  readonly sync_epoch: number;
  /** The times of refused logins since the last good one. */
  readonly refused_at: readonly number[];
  /** The time until which no password opens it. */
  readonly locked_until: number;
}

export interface FolderRow extends MailFolderRow {
  /** `IPF.Note` when absent. */
  readonly folder_class?: string;
}
