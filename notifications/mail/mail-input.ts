import type { Locale } from '../../domain/locale.ts';
import type { StatusReason } from '../../domain/verdict.ts';
import type { MailKind, Task, Why } from '../mail-kinds.ts';

/** One channel in a mail. */
export interface MailItem {
  /** The address of the mailbox; null: it is not connected yet (a new link to connect one). */
  mailbox: string | null;
  /** Who signs in, where that is another account than the mailbox. */
  login: string | null;
  /** Several people share the mailbox, and each signs in with a login of their own. */
  isOwnLogin: boolean;
  /** Who runs the account, as a sentence names it ("Google"); null: a mail server without a name. */
  provider: string | null;
  task: Task;
  reason: StatusReason | null;
  /** The provider answers alike for several causes, so that the words name them all. */
  isAmbiguous: boolean;
  /** The kind of credential behind the mailbox. */
  credential: 'grant' | 'password';
  /** When it began; for `expiring`: null. */
  since: Date | null;
  /** For `recovered`: when it ended. For `expiring`: when the access runs out. */
  until: Date | null;
  /** Whether missed messages are imported after the sign-in. */
  imports: boolean;
  /** How many messages wait or were imported, where that is known. */
  missed: number | null;
  /** The page that the button opens. */
  link: string | null;
}

/** How the installation looks in mails; every part may be absent. */
interface MailBranding {
  name: string | null;
  logoUrl: string | null;
  accentColor: string | null;
  supportEmail: string | null;
  supportUrl: string | null;
  privacyUrl: string | null;
}

export interface MailInput {
  kind: MailKind;
  items: MailItem[];
  recipient: { email: string; name: string | null };
  why: Why;
  /** For `reminder`: 1 for the first. */
  number?: number;
  /** The tenant's name. */
  tenantName: string;
  branding: MailBranding;
  locale: Locale;
  /** The recipient's, an IANA name; times in the mail are in it. An unknown name counts as UTC. */
  timeZone: string;
  /** The page that ends mails about these channels for this person; null: the mail was asked for. */
  unsubscribeUrl: string | null;
}
