import type { StatusReason } from '../../domain/verdict.ts';
import type { Task, Why } from '../mail-kinds.ts';

/** What a mail is about, as its reader sees it: a kind of mail may have several. */
const OCCASIONS = [
  'sign_in',
  'change_access',
  'change_link',
  'unreachable',
  'approve',
  'reminder',
  'recovered',
  'expiring',
  'digest',
  'new_link',
  'connect_link',
] as const;
export type Occasion = (typeof OCCASIONS)[number];

/** Who runs an account, in the two forms that sentences need. */
interface Party {
  /** At the start of a sentence. */
  subject: string;
  /** Where one signs in: "at Google". */
  at: string;
}

export interface ReasonFacts {
  provider: Party;
  login: string;
}

/** What an opening sentence may name. */
export interface OccasionFacts {
  tenant: string;
  /** Empty where the mail is about several, or about none yet. */
  mailbox: string;
  count: number;
  /** When the access runs out, as text; empty for other occasions. */
  until: string;
}

interface WhyFacts {
  tenant: string;
  /** The mailbox, or the words for several. */
  about: string;
}

type Sentence<Facts> = (facts: Facts) => string;

/** Everything that a mail says in one language. A language that lacks a word does not compile. */
export interface MailWords {
  betweenSentences: string;
  party(name: string | null): Party;
  greeting: Sentence<{ name: string }>;
  occasions: Record<
    Occasion,
    { subject: Sentence<OccasionFacts>; title: Sentence<OccasionFacts>; lead: Sentence<OccasionFacts> }
  >;
  /** Why it broke, in a whole sentence. */
  reasons: Record<StatusReason, Sentence<ReasonFacts>>;
  /** The same where the provider's answer leaves the cause open: all that is possible. */
  ambiguous: Record<'grant' | 'password', Sentence<ReasonFacts>>;
  withoutReason: Sentence<ReasonFacts>;
  /** Why an access that works ends soon. */
  ends: Record<'refresh_token_expired' | 'token_idle_expired', Sentence<ReasonFacts>>;
  labels: { why: string; since: string; interrupted: string; until: string };
  fromTo: Sentence<{ from: string; to: string }>;
  tasks: Record<Exclude<Task, 'none' | 'sign_in'> | 'sign_in_grant' | 'sign_in_password', Sentence<ReasonFacts>> & {
    /** Several people share the mailbox, and each signs in with a login of their own. */
    sign_in_shared: Sentence<ReasonFacts & { mailbox: string }>;
  };
  buttons: { sign_in: string; change_access: string; approve: string; renew: string; connect: string };
  /** Beside a button of several: which mailbox it is for. */
  buttonFor: Sentence<{ button: string; mailbox: string }>;
  /** Where the button leads, and that a password is never asked for by mail. */
  safety: Sentence<{ host: string }>;
  fallback: string;
  outlook: {
    /** Missed messages are imported after the sign-in. */
    imports: string;
    /** The same with a known number of waiting messages. */
    importsMissed: Sentence<{ count: number }>;
    /** Nothing is imported. */
    works: Sentence<{ tenant: string }>;
    approved: string;
    triedAgain: string;
    /** Renewed in time. */
    renewed: string;
    recovering: string;
    recoveredMissed: Sentence<{ count: number }>;
    nothingToDo: string;
    ignore: string;
  };
  several: string;
  whys: Record<Why, Sentence<WhyFacts>>;
  stop: Sentence<{ about: string }>;
  /** What follows an owner's unsubscribe. */
  stopMeans: string;
  sentBy: Sentence<{ product: string; tenant: string }>;
  support: string;
  privacy: string;
}
