import type { ProviderAnswer, StatusReason, Verdict, VerdictKind } from '../../domain/verdict.ts';
import { classifyNetwork } from '../errors.ts';
import { rateLimited, verdict } from '../verdicts.ts';

interface Rule {
  kind: VerdictKind;
  reason: StatusReason;
  pattern: RegExp;
  /** The words leave the cause open. */
  vague?: true;
}

/**
 * What servers say, the first rule that fits. Few send the codes of RFC 5530, and some send AUTHENTICATIONFAILED for
 * everything, so the words for a limit or an outage go before any code: the worst is to ask a person for a password
 * that was right.
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
    kind: 'rate_limited',
    reason: 'rate_limited',
    pattern:
      /too many|rate.?limit|\[LIMIT\]|throttl|back-?off|(command|bandwidth|connection|login) limits?|limit (was |is )?(hit|exceeded|reached)|maximum (number of )?connections|exceeded .*(connections|attempts)|(max\w*|concurrent|simultaneous) connections/i,
  },
  {
    kind: 'transient',
    reason: 'provider_unavailable',
    pattern:
      /\[(UNAVAILABLE|TEMPFAIL|SERVERBUG|INUSE|CORRUPTION)\b|temporar(y|ily)|try (again |it )?(later|in \d)|internal (server )?(error|failure)|server (error|busy|bug|failure)|(un|not )available|backend|system (error|failure)|overloaded|maintenance|timed? ?out|lockout|locked out|account (is |has been )?locked(?! by)|^\s*4\d\d[ -]/im,
  },
  {
    kind: 'account_gone',
    reason: 'account_disabled',
    pattern:
      /lookup failed|(user|account|mailbox) (is |has been |was )?(currently )?(disabled|suspended|deactivated|deleted|closed|terminated|inactive|removed)|no such (user|account|mailbox)|unknown (user|account)|(user|account|mailbox) (unknown|not found|does ?n[o']t exist|does not exist)/i,
  },
  {
    // Our own request: this server takes no password without TLS.
    kind: 'misconfigured',
    reason: 'app_credentials_invalid',
    pattern: /\[PRIVACYREQUIRED\]|plaintext auth\w* (is )?(disallowed|disabled|not allowed)|issue a STARTTLS/i,
  },
  {
    // An administrator, or the owner in the mailbox's settings, has to allow this way of reading mail.
    kind: 'admin_action',
    reason: 'admin_policy_enforced',
    pattern:
      /(?<!\bor )\b(imap|pop3?|smtp|smtpclientauthentication|(basic|legacy) auth\w*|protocol|login)( access| use| service)?( is| has been| are)? (disabled|blocked|turned off|switched off|not (enabled|allowed|permitted|supported))|not enabled for imap|enable imap|security defaults|not meet the criteria|conditional access|\[(CONTACTADMIN|AUTHORIZATIONFAILED)\]|contact your (\w+ )?administrator/i,
  },
  {
    // Another kind of password is needed: the second factor is on.
    kind: 'reauth_required',
    reason: 'mfa_required',
    pattern: /app(lication)?[- ](specific[- ])?password|InvalidSecondFactor|(2-step|two-factor|multi-?factor) /i,
  },
  {
    // A page to visit before the next sign-in.
    kind: 'reauth_required',
    reason: 'access_revoked',
    pattern: /WEBALERT|web ?login required|log ?in (via|with|through|using) (your|a) (web )?browser/i,
  },
  {
    kind: 'reauth_required',
    reason: 'password_changed',
    pattern:
      /\[(AUTHENTICATIONFAILED|EXPIRED)\]|password (has |is )?expired|change (your|the) password|invalid (login|credentials|user|password)|(password|credentials|username|login)( was| were| is| are)? (incorrect|wrong|invalid|not accepted)|(incorrect|wrong|bad) (password|credentials|username|user|login)/i,
  },
];

/** A bare refusal of a login: a wrong password, a locked account, IMAP switched off, all alike. */
const BARE_REFUSAL =
  /\b(login|logon|authenticate|authentication|auth)\b.{0,24}\b(failed|failure|unsuccessful|rejected|denied)|\b535\b/i;

/** The folder is gone, or numbers its messages anew. */
const FOLDER_CHANGED = /\[(NONEXISTENT|TRYCREATE|UIDVALIDITY)\b/;

/** What IMAP servers (and SMTP, whose logins fail in the same words) answer. Total: the rest is `transient`. */
export function classifyImap(answer: ProviderAnswer): Verdict {
  const text = withoutChallenge(answer.body);
  const providerCode = codeOf(text);
  if (answer.operation === 'import' && FOLDER_CHANGED.test(text)) {
    return verdict('cursor_expired', null, { providerCode });
  }
  const rule = RULES.find(({ pattern }) => pattern.test(text)) ?? bareRefusal(answer, text);
  if (rule === null) return unknownLine(answer, text, providerCode);
  if (rule.kind === 'rate_limited') return rateLimited(waitNamed(text), providerCode);
  // A refused bearer token (XOAUTH2) may just be old: one refresh tells.
  const tokenRefused = rule.kind === 'reauth_required' && text !== answer.body;
  return verdict(rule.kind, rule.reason, { providerCode, vague: rule.vague ?? false, tokenRefused });
}

/** Servers send a challenge of base64 JSON before they refuse a bearer token; the line after it decides. */
function withoutChallenge(body: string): string {
  return body.replaceAll(/^\+ [A-Za-z0-9+/=]{16,}\s*$/gm, '').trim();
}

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
  const codes = [...text.matchAll(/\[([A-Z][A-Z-]+)[^\]]*\]/g)].flatMap(([, code]) => code ?? []);
  const telling = codes.find((code) => code !== 'ALERT') ?? codes[0];
  return telling ?? /\b[45]\.\d{1,3}\.\d{1,3}\b/.exec(text)?.[0] ?? /\b(NO|BAD|BYE)\b/.exec(text)?.[0] ?? null;
}

/** Office 365: "Request is throttled. Suggested Backoff Time: 92415 milliseconds". */
function waitNamed(text: string): number | null {
  const milliseconds = /backoff time:?\s*(\d+)\s*millisecond/i.exec(text)?.[1];
  return milliseconds === undefined ? null : Number(milliseconds);
}
