import type { NoticeRow } from '../db/notices/notices.ts';
import type { Mail } from '../domain/mail.ts';
import type { Context } from '../runtime/context.ts';

/** The dependencies of sending. */
export type TellContext = Pick<
  Context,
  'database' | 'clock' | 'logger' | 'temporal' | 'config' | 'providers' | 'mailer' | 'killPoint'
>;

/** What a look at a recipient's notices led to. */
export interface Told {
  /** How many notices the mail took along; 0 where none was due. */
  sent: number;
  /** When to look again, in ms; null when no notice waits. */
  waitMs: number | null;
}

/** A mail that is planned, and its notices, which other processes leave alone while this one sends it. */
export interface PlannedMail {
  mail: Mail;
  notices: NoticeRow[];
}
