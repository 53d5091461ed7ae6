import type { ProviderAnswer, StatusReason, Verdict, VerdictKind } from '../../domain/verdict.ts';
import { isPage } from '../answers/text.ts';
import { classifyNetwork } from '../../net/network-failure.ts';
import { classifyGeneric } from '../answers/oauth-errors.ts';
import { outagesFirst } from '../answers/outages.ts';
import { rateLimited, tokenRefused, verdict } from '../../domain/verdict-builders.ts';

interface Rule {
  kind: VerdictKind;
  reason: StatusReason;
  pattern: RegExp;
  /** The words leave the cause open. */
  vague?: true;
}

/** A response code (RFC 5530) as a server sends it, `[LIMIT]`, and as clients keep it, `textCode: 'LIMIT'`. */
function coded(...names: string[]): RegExp {
  return new RegExp(`\\[(?:${names.join('|')})\\b|code["']?:\\s*["'](?:${names.join('|')})\\b`, 'i');
}

const ENDED =
  '(user|account|mailbox) (is |has been |was )?(currently )?(disabled|suspended|deactivated|deleted|closed|terminated|inactive|removed)';

/**
 * What servers say, the first rule that fits. Few send the codes of RFC 5530, and some send AUTHENTICATIONFAILED for
 * everything, so the words for a limit or an outage go before it: the worst is to ask a person for a password that was
 * right.
 */
const RULES: readonly Rule[] = [
  {
    // Office 365: IMAP is off for the mailbox, or load is shed. Before the BYE that follows it.
    kind: 'admin_action',
    reason: 'mailbox_unavailable',
    pattern: /authenticated but not connected/i,
    vague: true,
  },
  {
    // QQ names every cause it has at once.
    kind: 'reauth_required',
    reason: 'password_changed',
    pattern: /account is abnormal, service is not open/i,
    vague: true,
  },
  {
    kind: 'rate_limited',
    reason: 'rate_limited',
    pattern:
      /too many|rate.?limit|\[LIMIT\]|throttl|back-?off|(command|bandwidth|connection|login|sending) limits?|(limit|count) (was |is )?(hit|exceeded|reached)|maximum (number of )?connections|exceeded .{0,80}(connections|attempts)|(max\w*|concurrent|simultaneous) connections/i,
  },
  // Codes that are sent for one thing only.
  { kind: 'rate_limited', reason: 'rate_limited', pattern: coded('LIMIT', 'THROTTLED') },
  { kind: 'account_gone', reason: 'account_disabled', pattern: new RegExp(`\\[CONTACTADMIN\\].{0,200}${ENDED}`, 'i') },
  { kind: 'admin_action', reason: 'admin_policy_enforced', pattern: coded('CONTACTADMIN', 'NOPERM') },
  { kind: 'reauth_required', reason: 'password_changed', pattern: coded('EXPIRED') },
  {
    kind: 'misconfigured',
    reason: 'app_credentials_invalid',
    pattern: coded('PRIVACYREQUIRED', 'CLIENTBUG', 'CANNOT', 'BADCHARSET'),
  },
  {
    kind: 'transient',
    reason: 'provider_unavailable',
    pattern: coded('UNAVAILABLE', 'TEMPFAIL', 'SERVERBUG', 'INUSE', 'CORRUPTION', 'OVERQUOTA', 'EXPUNGEISSUED'),
  },
  {
    kind: 'transient',
    reason: 'provider_unavailable',
    pattern:
      /temporar(y|ily)|generic failure|try (again |it )?(later|in \d)|internal (\w+ )?(error|failure)|(server|service|backend|database) (is )?(down|error|busy|bug|failure)|(can'?t|cannot|unable to|could not) (connect|contact|reach)|connection lost|(un|not )available|backend|system (error|failure)|overloaded|maintenance|timed? ?out|lockout|locked out|account (is |has been )?(temporarily )?locked(?! by)|^\s*4\d\d[ -](?!NO\b|BAD\b|OK\b)/im,
  },
  { kind: 'account_gone', reason: 'account_disabled', pattern: new RegExp(ENDED, 'i') },
  {
    // Also for minutes, while a server cannot ask its directory.
    kind: 'account_gone',
    reason: 'mailbox_unavailable',
    pattern:
      /lookup failed|no such (user|account|mailbox)|unknown (user|account)|(user|account|mailbox) (unknown|not found|does ?n[o']t exist|does not exist)/i,
    vague: true,
  },
  {
    // Our own request: this server takes no password without TLS, not this mechanism, or wants to know who we are (ID).
    kind: 'misconfigured',
    reason: 'app_credentials_invalid',
    pattern:
      /(plain|clear)text auth\w* (is )?(disallowed|disabled|not allowed)|issue a STARTTLS|available under a layer|mechanism (is )?(not|un)\s?(supported|available|allowed)|no mechanism available|unsupported authentication mechanism|invalid SASL argument|unsafe login|^530[ -]\d\.\d|not authenticated to send/im,
  },
  {
    // An administrator, or the owner in the mailbox's settings, has to allow this way of reading mail.
    kind: 'admin_action',
    reason: 'admin_policy_enforced',
    pattern:
      /(?<!\bor )\b(imap|pop3?|smtp|smtpclientauthentication|(basic|legacy) auth\w*|protocol|login)( access| use| service| server)?( is| has been| are)? (disabled|deactivated|deaktiviert|blocked|turned off|switched off|not (enabled|allowed|permitted|supported|open|activated))|not enabled for imap|not have access rights|enable imap|security defaults|send ?as ?denied|(permissions?|allowed) to send|not meet the criteria|conditional access|\[AUTHORIZATIONFAILED\]|contact your (\w+ )?administrator/i,
  },
  {
    // Another kind of password is needed: the second factor is on.
    kind: 'reauth_required',
    reason: 'mfa_required',
    pattern:
      /app(lication)?[- ](specific[- ])?password|authorization code|InvalidSecondFactor|(2-step|two-factor|multi-?factor) /i,
  },
  {
    // A page to visit before the next sign-in.
    kind: 'reauth_required',
    reason: 'access_revoked',
    pattern:
      /WEBALERT|web ?login required|please verify your account|account is logged out|log ?in (via|with|through|using) (your|a) (web )?browser/i,
  },
  {
    kind: 'reauth_required',
    reason: 'password_changed',
    pattern:
      /password (has |is )?expired|change (your|the) password|invalid (login|credentials|user|password|email)|(password|credentials|username|login)( was| were| is| are)? (incorrect|wrong|invalid|error|not accepted)|(incorrect|wrong|bad) (password|credentials|username|user|login)/i,
  },
  { kind: 'reauth_required', reason: 'password_changed', pattern: coded('AUTHENTICATIONFAILED') },
];

/** A bare refusal of a login: a wrong password, a locked account, IMAP switched off, all alike. */
const BARE_REFUSAL =
  /\b(login|logon|authenticate|authenti(fi)?cation|auth)\b.{0,24}\b(failed|failure|unsuccessful|rejected|denied)|\b535[ -](?!NO\b|BAD\b|OK\b)/i;

/** A folder is gone, or numbers its messages anew. At a login it is the inbox, and the mailbox with it. */
const FOLDER_CHANGED = /\[(NONEXISTENT|TRYCREATE|UIDVALIDITY)\b|(?<!\bmessage )\bdoes(n't| not) exist|unknown mailbox/i;

/** What IMAP servers (and SMTP, whose logins fail in the same words) answer. Total: the rest is `transient`. */
export const classifyImap = outagesFirst(classifyWords);

function classifyWords(answer: ProviderAnswer): Verdict {
  // A token endpoint, or what stands before it: no mail server speaks HTTP.
  if (answer.operation === 'refresh' && answer.httpStatus !== null) return classifyGeneric(answer);
  if (isPage(answer.body)) return classifyNetwork({ ...answer, body: '' });
  const text = answer.body.replaceAll(CHALLENGE, '').trim();
  const providerCode = codeOf(text);
  if (answer.operation !== 'login' && FOLDER_CHANGED.test(text)) {
    return verdict('cursor_expired', null, { providerCode });
  }
  const isBearer = text !== answer.body.trim() || /AUTH(ENTICATE)? (XOAUTH2|OAUTHBEARER)/.test(text);
  const rule = RULES.find(({ pattern }) => pattern.test(text)) ?? bareRefusal(answer, text);
  if (rule === null) return isBearer ? tokenRefused(providerCode) : unknownLine(answer, text, providerCode);
  if (rule.kind === 'rate_limited') return rateLimited(waitNamed(text), providerCode);
  // No server said so: it is how a connection fails.
  if (rule.kind === 'transient' && providerCode === null) return classifyNetwork({ ...answer, body: text });
  // A refused bearer token (XOAUTH2) may just be old: one refresh tells.
  const isTokens = isBearer && rule.kind === 'reauth_required';
  return verdict(rule.kind, rule.reason, { providerCode, vague: rule.vague ?? false, tokenRefused: isTokens });
}

/**
 * Before they refuse a bearer token, servers send why (RFC 7628 section 3.2.2), in base64 of JSON or as clients decode
 * it; the same for a token that is old, of too few scopes, or of nobody. The line after it decides.
 */
const CHALLENGE =
  /^\+ [A-Za-z0-9+/=]{16,}\s*$|\beyJ[A-Za-z0-9+/]{12,}={0,2}|\{"status":"\w+","schemes":"[^}]{0,500}\}/gim;

function bareRefusal({ operation }: ProviderAnswer, text: string): Rule | null {
  if (operation !== 'login' || !BARE_REFUSAL.test(text)) return null;
  return { kind: 'reauth_required', reason: 'password_changed', pattern: BARE_REFUSAL, vague: true };
}

function unknownLine(answer: ProviderAnswer, text: string, providerCode: string | null): Verdict {
  if (providerCode === null) return classifyNetwork({ ...answer, body: text });
  const reason = providerCode === 'BYE' ? 'network' : 'provider_unavailable';
  return verdict('transient', reason, { providerCode });
}

/** The response code (RFC 5530), the enhanced code of SMTP, or the bare condition; null when no server said this. */
function codeOf(text: string): string | null {
  const named = CODE_PATTERNS.map((pattern) => [...text.matchAll(pattern)].flatMap(([, code]) => code ?? []));
  const codes = named.find(({ length }) => length > 0) ?? [];
  const telling = codes.find((code) => code !== 'ALERT') ?? codes[0];
  return telling ?? /\b[45]\.\d{1,3}\.\d{1,3}\b/.exec(text)?.[0] ?? /\b(NO|BAD|BYE)\b/.exec(text)?.[0] ?? null;
}

/** `NO [LIMIT]`, `textCode: 'LIMIT'`, and in brackets anywhere. */
const CODE_PATTERNS = [
  /\b(?:OK|NO|BAD|BYE)\.? \[([A-Z][A-Z-]+)/g,
  /code["']?:\s*["']([A-Z][A-Z-]+)/gi,
  /\[([A-Z][A-Z-]{1,40})[\] ]/g,
];

const UNIT_MS: Record<string, number> = { millisecond: 1, second: 1000, minute: 60_000, hour: 3_600_000 };

/** Office 365: "Suggested Backoff Time: 92415 milliseconds"; others: "try again in 5 minutes". */
function waitNamed(text: string): number | null {
  const [, count, unit = ''] =
    /(?:backoff time:?|\b(?:in|after|for))\s*(\d+)\s*(millisecond|second|minute|hour)/i.exec(text) ?? [];
  return count === undefined ? null : Number(count) * (UNIT_MS[unit.toLowerCase()] ?? 0);
}
