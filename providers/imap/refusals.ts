import { FOREIGN_RULES } from './foreign-refusals.ts';
import type { RefusalRule } from './refusal-rule.ts';

/** A response code (RFC 5530) as a server sends it, `[LIMIT]`, and as clients keep it, `textCode: 'LIMIT'`. */
function coded(...names: string[]): RegExp {
  return new RegExp(`\\[(?:${names.join('|')})\\b|code["']?:\\s*["'](?:${names.join('|')})\\b`, 'i');
}

const ENDED =
  '(user|account) (is |has been |was )?(currently )?(disabled|suspended|deactivated|deleted|closed|terminated|inactive|removed)';

/** The account is locked after wrong passwords, in the words of any rule: its password must not be tried again. */
export const LOCK_OUT =
  /lock(ed)?[- ]?out|(account|user|mailbox|login)[^"\n]{0,40}\blocked|\blocked\b[^"\n]{0,40}(account|user|mailbox)|ACCOUNT_?LOCKED|too many (\w+ ){0,3}(attempts|fail|passwords|tries)|exceeded .{0,80}attempts|(konto|account|benutzer|postfach)[^"\n]{0,20}gesperrt|zu viele (\w+ )?(anmelde|versuch|fehl)|trop de tentatives|(compte|utilisateur)[^"\n]{0,20}(bloqu|verrouill)|demasiad[ao]s intentos|(cuenta|usuario)[^"\n]{0,20}bloquead|tropp[eio] tentativi|(account|utente|casella)[^"\n]{0,20}bloccat/i;

/**
 * What servers say, the first rule that fits. Few send the codes of RFC 5530, and some send AUTHENTICATIONFAILED for
 * everything, so the words for a limit or an outage go before it: the worst is to ask a person for a password that was
 * right.
 */
export const RULES: readonly RefusalRule[] = [
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
      /temporar(y|ily)|generic failure|try (again |it )?(later|in \d)|internal (\w+ )?(error|failure)|(server|service|backend|database) (is )?(down|error|busy|bug|failure)|(can'?t|cannot|unable to|could not) (connect|contact|reach)|unreachable|not respond(ing)?|no response from|connection lost|(un|not )available|backend|system (error|failure)|overloaded|maintenance|timed? ?out|lockout|locked out|account (is |has been )?(temporarily )?locked(?! by)|^\s*4\d\d[ -](?!NO\b|BAD\b|OK\b)/im,
  },
  {
    // Our own address is refused: a list, a lock-out after guesses of others, a firewall. It passes, or the operator acts.
    kind: 'transient',
    reason: 'provider_unavailable',
    pattern:
      /\bip\b.{0,40}\b(block|bann|black|deny|denied|reject|restrict)|\b(block|bann|black)\w* (your |the )?\bip\b|(black|block)listed|rbl\b/i,
  },
  {
    // A rule about where sign-ins may come from, which the mailbox's owner or its administrator has set.
    kind: 'admin_action',
    reason: 'admin_policy_enforced',
    pattern:
      /\b(country|countries|geo\w*|region)\b.{0,60}\b(allow|permit|block|restrict|deny|denied|disabled|reject|not|policy)|\b(allow|permit|block|restrict|deny|denied|reject)\w*\b.{0,40}\b(country|countries|geo(graphic|location|ip)?\w*|region)\b|geo-?(ip|block|fenc|graphic)/i,
  },
  { kind: 'account_gone', reason: 'account_disabled', pattern: new RegExp(ENDED, 'i') },
  {
    kind: 'account_gone',
    reason: 'account_disabled',
    pattern: new RegExp(ENDED.replace('user|account', 'mailbox'), 'i'),
    login: true,
  },
  {
    // Also for minutes, while a server cannot ask its directory.
    kind: 'account_gone',
    reason: 'mailbox_unavailable',
    pattern:
      /lookup failed|no such (user|account|mailbox)|unknown (user|account)|(user|account|mailbox) (unknown|not found|does ?n[o']t exist|does not exist)/i,
    vague: true,
    login: true,
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
      /(?<!\bor )\b(imap|pop3?|smtp|smtpclientauthentication|(basic|legacy) auth\w*|protocol|login)( access| use| service| server)?( is| has been| are)? (disabled|deactivated|deaktiviert|blocked|turned off|switched off|not (enabled|allowed|permitted|supported|open|activated))|not enabled for imap|not have (imap|pop3?|protocol) access|no (right|permission|authori[sz]ation) to use (the )?(imap|pop3?)|imap access (is )?(missing|required)|not have access rights|enable (pop3?\s?[/&,]\s?)?imap|security defaults|send ?as ?denied|(permissions?|allowed) to send|not meet the criteria|conditional access|\[AUTHORIZATIONFAILED\]|contact your (\w+ )?administrator/i,
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
      /WEBALERT|(suspicious|unusual) (activity|sign-?in|login)|web ?login required|please verify your account|account is logged out|log ?in (via|with|through|using) (your|a) (web )?browser/i,
  },
  ...FOREIGN_RULES,
  {
    kind: 'reauth_required',
    reason: 'password_changed',
    pattern:
      /password (has |is )?expired|change (your|the) password|invalid (login|credentials|user|password|email)|(password|credentials|username|login)( was| were| is| are)? (incorrect|wrong|invalid|error|not accepted)|(incorrect|wrong|bad) (password|credentials|username|user|login)/i,
  },
  { kind: 'reauth_required', reason: 'password_changed', pattern: coded('AUTHENTICATIONFAILED') },
];
