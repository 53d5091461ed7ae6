import type { Locale } from '../../domain/locale.ts';
import type { MailWords, Occasion, OccasionFacts, ReasonFacts } from '../words/mail-words.ts';
import { wordsOf } from '../words/words-of.ts';
import type { MailInput, MailItem } from './mail-input.ts';
import { isolated, oneLine, webAddress } from './one-line.ts';
import { timeIn } from './times.ts';

/** A mail as both of its bodies say it: the plain text lacks nothing of the HTML. */
export interface MailDocument {
  locale: Locale;
  subject: string;
  /** What a list of mails shows beside the subject. */
  preview: string;
  brand: { name: string; logoUrl: string | null; accentColor: string | null };
  title: string;
  greeting: string | null;
  lead: string;
  blocks: MailBlock[];
  /** The next step, or empty. */
  outlook: string;
  /** Where the button leads. */
  safety: string | null;
  fallback: string;
  why: string;
  stop: { label: string; url: string; means: string | null } | null;
  sentBy: string;
  links: { label: string; url: string }[];
}

/** The part of a mail about one mailbox. */
interface MailBlock {
  heading: string | null;
  facts: { label: string; text: string }[];
  task: string | null;
  button: { label: string; url: string; spoken: string } | null;
}

const NAME_LENGTH = 80;
/** Of a tenant's name in a subject: the mailbox after it should still be seen in a list. */
const SUBJECT_NAME_LENGTH = 40;
const ADDRESS_LENGTH = 120;

/** The parts of a mail, in order, in the recipient's language. */
export function documentOf(input: MailInput): MailDocument {
  const [first] = input.items;
  if (!first) throw new RangeError('expected at least one channel to write about');
  const words = wordsOf(input.locale);
  const time = timeIn(input.locale, input.timeZone);
  const occasion = occasionOf(input, first);
  const tenant = oneLine(input.tenantName, NAME_LENGTH);
  const facts = { ...occasionFacts(input.items, time), tenant: isolated(tenant) };
  const { subject, title, lead } = words.occasions[occasion];
  const name = oneLine(input.recipient.name ?? '', NAME_LENGTH);
  const blocks = input.items.map((item) => blockOf(item, { words, occasion, time, isAlone: input.items.length === 1 }));
  const outlook = outlookOf(input.items, { words, occasion, tenant: facts.tenant }).join(words.betweenSentences);
  return {
    locale: input.locale,
    subject: subject({ ...facts, tenant: oneLine(tenant, SUBJECT_NAME_LENGTH) }),
    preview: [blocks[0]?.facts[0]?.text, outlook].filter(Boolean).join(words.betweenSentences),
    brand: {
      name: oneLine(input.branding.name ?? tenant, NAME_LENGTH),
      logoUrl: secureAddress(input.branding.logoUrl),
      accentColor: input.branding.accentColor,
    },
    title: title(facts),
    greeting: name === '' ? null : words.greeting({ name: isolated(name) }),
    lead: lead(facts),
    blocks,
    outlook,
    safety: safetyOf(blocks, words),
    fallback: words.fallback,
    ...footOf(input, words, facts),
  };
}

function occasionOf({ kind }: MailInput, first: MailItem): Occasion {
  switch (kind) {
    case 'reauth_required':
      if (asksElsewhere(first)) return 'unreachable';
      return first.task === 'approve' || first.task === 'change_access' ? first.task : 'sign_in';
    case 'admin_consent':
      return asksElsewhere(first) ? 'unreachable' : 'approve';
    case 'new_link':
      if (first.mailbox === null) return 'connect_link';
      return first.task === 'change_access' ? 'change_link' : 'new_link';
    case 'reminder':
    case 'recovered':
    case 'expiring':
    case 'digest':
      return kind;
  }
}

/** The person asks at the provider: no page of ours helps. */
const asksElsewhere = ({ task }: MailItem) => task === 'ask_administrator' || task === 'ask_to_allow';

function occasionFacts(items: MailItem[], time: (at: Date) => string): Omit<OccasionFacts, 'tenant'> {
  const [first] = items;
  return {
    mailbox: items.length === 1 ? addressOf(first?.mailbox ?? null) : '',
    count: items.length,
    until: first?.until ? time(first.until) : '',
  };
}

const addressOf = (mailbox: string | null) => oneLine(mailbox ?? '', ADDRESS_LENGTH);

interface BlockSurroundings {
  words: MailWords;
  occasion: Occasion;
  time: (at: Date) => string;
  isAlone: boolean;
}

function blockOf(item: MailItem, { words, occasion, time, isAlone }: BlockSurroundings): MailBlock {
  const mailbox = addressOf(item.mailbox);
  const facts = reasonFacts(item, words);
  const link = item.task === 'ask_to_allow' ? null : webAddress(item.link);
  const label = buttonOf(item, occasion, words);
  return {
    heading: mailbox === '' ? null : mailbox,
    facts: [...causeOf(item, occasion, words, facts), ...timesOf(item, occasion, words, time)],
    task: taskOf(item, words, facts),
    button:
      link === null
        ? null
        : {
            label,
            url: link,
            spoken: isAlone || mailbox === '' ? label : words.buttonFor({ button: label, mailbox }),
          },
  };
}

function reasonFacts(item: MailItem, words: MailWords): ReasonFacts {
  const name = item.provider === null ? null : oneLine(item.provider, NAME_LENGTH);
  return { provider: words.party(name), login: addressOf(item.login ?? item.mailbox) };
}

/** Of a mailbox that works, or is not connected yet, there is no cause to tell. */
function causeOf(item: MailItem, occasion: Occasion, words: MailWords, facts: ReasonFacts): MailBlock['facts'] {
  if (['recovered', 'connect_link', 'new_link', 'change_link'].includes(occasion)) return [];
  if (occasion === 'expiring') return whyEnding(item, words, facts);
  return [{ label: words.labels.why, text: sentenceOf(item, words)(facts) }];
}

function whyEnding({ reason }: MailItem, { labels, ends }: MailWords, facts: ReasonFacts): MailBlock['facts'] {
  const isKnown = reason === 'refresh_token_expired' || reason === 'token_idle_expired';
  return isKnown ? [{ label: labels.why, text: ends[reason](facts) }] : [];
}

function sentenceOf({ reason, isAmbiguous, credential }: MailItem, words: MailWords) {
  if (isAmbiguous) return words.ambiguous[credential];
  return reason === null ? words.withoutReason : words.reasons[reason];
}

function timesOf(item: MailItem, occasion: Occasion, words: MailWords, time: (at: Date) => string): MailBlock['facts'] {
  const { since, until } = item;
  if (occasion === 'expiring') return until ? [{ label: words.labels.until, text: time(until) }] : [];
  // A link of the product's may be for a mailbox that works.
  if (since === null || occasion === 'change_link') return [];
  if (until === null) return [{ label: words.labels.since, text: time(since) }];
  return [{ label: words.labels.interrupted, text: words.fromTo({ from: time(since), to: time(until) }) }];
}

function taskOf(item: MailItem, words: MailWords, facts: ReasonFacts): string | null {
  const { task, credential, isOwnLogin } = item;
  switch (task) {
    case 'none':
      return null;
    case 'sign_in':
      if (isOwnLogin) return words.tasks.sign_in_shared({ ...facts, mailbox: addressOf(item.mailbox) });
      return facts.login === '' ? null : words.tasks[`sign_in_${credential}`](facts);
    case 'change_access':
    case 'approve':
    case 'ask_to_allow':
    case 'ask_administrator':
      return words.tasks[task](facts);
  }
}

function buttonOf({ task }: MailItem, occasion: Occasion, { buttons }: MailWords): string {
  if (task === 'approve' || task === 'change_access') return buttons[task];
  if (occasion === 'expiring') return buttons.renew;
  return occasion === 'connect_link' ? buttons.connect : buttons.sign_in;
}

function outlookOf(
  items: MailItem[],
  { words: { outlook }, occasion, tenant }: { words: MailWords; occasion: Occasion; tenant: string },
): string[] {
  const missed = items.reduce((sum, item) => sum + (item.missed ?? 0), 0);
  const imports = items.some((item) => item.imports);
  switch (occasion) {
    case 'recovered':
      return [
        ...(imports ? [missed > 0 ? outlook.recoveredMissed({ count: missed }) : outlook.recovering] : []),
        outlook.nothingToDo,
      ];
    case 'approve':
      return [outlook.approved];
    case 'unreachable':
      return [outlook.triedAgain];
    case 'expiring':
      return [outlook.renewed];
    case 'connect_link':
      return [outlook.ignore];
    case 'change_link':
      return [outlook.ignore];
    case 'sign_in':
    case 'change_access':
    case 'reminder':
    case 'digest':
    case 'new_link':
      return [afterSignIn(), ...(occasion === 'new_link' ? [outlook.ignore] : [])];
  }

  function afterSignIn(): string {
    if (items.every(asksElsewhere)) return outlook.triedAgain;
    if (!imports) return outlook.works({ tenant });
    return missed > 0 ? outlook.importsMissed({ count: missed }) : outlook.imports;
  }
}

function safetyOf(blocks: MailBlock[], words: MailWords): string | null {
  const url = blocks.find(({ button }) => button !== null)?.button?.url;
  return url === undefined ? null : words.safety({ host: new URL(url).host });
}

function footOf(input: MailInput, words: MailWords, { mailbox, tenant }: OccasionFacts) {
  const { branding, why, unsubscribeUrl } = input;
  const about = mailbox === '' ? words.several : mailbox;
  const unsubscribe = webAddress(unsubscribeUrl);
  const links = [
    { label: words.support, url: webAddress(branding.supportUrl) },
    { label: words.privacy, url: webAddress(branding.privacyUrl) },
  ];
  const product = branding.name === null ? null : isolated(oneLine(branding.name, NAME_LENGTH));
  return {
    why: words.whys[why]({ tenant, about }),
    stop:
      unsubscribe === null
        ? null
        : {
            label: words.stop({ about }),
            url: unsubscribe,
            means: why === 'owner' ? words.stopMeans : null,
          },
    sentBy: product === null || product === tenant ? tenant : words.sentBy({ product, tenant }),
    links: links.filter((link): link is { label: string; url: string } => link.url !== null),
  };
}

/** A logo travels by https alone: a mail that loads an image in the clear tells the network who reads it. */
function secureAddress(text: string | null): string | null {
  const address = webAddress(text);
  return address?.startsWith('https:') ? address : null;
}
