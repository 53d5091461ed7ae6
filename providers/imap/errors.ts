import type { ProviderAnswer, Verdict } from '../../domain/verdict.ts';
import { isPage } from '../answers/text.ts';
import { classifyNetwork } from '../../net/network-failure.ts';
import { classifyGeneric } from '../answers/oauth-errors.ts';
import { outagesFirst } from '../answers/outages.ts';
import { rateLimited, tokenRefused, verdict } from '../../domain/verdict-builders.ts';
import { LOCK_OUT, RULES } from './refusals.ts';
import type { RefusalRule } from './refusal-rule.ts';

/** A bare refusal of a login: a wrong password, a locked account, IMAP switched off, all alike. */
const BARE_REFUSAL =
  /\b(login|logon|authenticate|authenti(fi)?cation|auth)\b.{0,24}\b(failed|failure|unsuccessful|rejected|denied)|\b535[ -](?!NO\b|BAD\b|OK\b)/i;

/**
 * A folder is gone, or numbers its messages anew. IMAP calls a folder a mailbox (RFC 9051 section 2.3), so outside a
 * login none of these words is about the account. At a login they are about the inbox, and the account with it.
 */
const FOLDER_CHANGED =
  /\[(NONEXISTENT|TRYCREATE|UIDVALIDITY)\b|(?<!\bmessage )\bdoes(n't| not) exist|(unknown|no such) (mailbox|folder)|(mailbox|folder) ((is|was|has been) )?((re)?moved|deleted|renamed|gone|unknown|not found)/i;

/**
 * The page of Google's that has to be visited before the next sign-in, which its IMAP and SMTP servers name; null: none.
 * Without its parameters, which are that login's own, and of no other host: a customer of Google's can write a page elsewhere.
 */
export function pageNamed(line: string): string | null {
  // Codes cut the address in a reply of several lines; only its beginning counts.
  const [, code, bracketed] = /\[WEBALERT (https:[^\]\s]+)\]|<(https:[^>\s]+)/i.exec(line) ?? [];
  const address = code ?? bracketed ?? '';
  if (!URL.canParse(address)) return null;
  const { origin, pathname } = new URL(address);
  return origin === 'https://accounts.google.com' ? `${origin}${pathname}` : null;
}

/** What IMAP servers (and SMTP, whose logins fail in the same words) answer. Total: the rest is `transient`. */
export const classifyImap = outagesFirst((answer) => {
  const said = classifyWords(answer);
  return answer.operation === 'login' && LOCK_OUT.test(answer.body) ? { ...said, lockedOut: true } : said;
});

/**
 * The same at a login with an access token, of which a refusal says only that this token does not open this mailbox: it
 * may just be old. One refresh tells (rule 5). Whether a challenge came before the refusal means nothing: Gmail and Dovecot
 * send one, Outlook sends none.
 */
export function classifyTokenLogin(answer: ProviderAnswer): Verdict {
  const said = classifyImap(answer);
  if (said.kind !== 'reauth_required') return said;
  const reason = said.reason === 'password_changed' ? 'access_revoked' : said.reason;
  return { ...said, reason, tokenRefused: true };
}

function classifyWords(answer: ProviderAnswer): Verdict {
  // A token endpoint, or what stands before it: no mail server speaks HTTP.
  if (answer.operation === 'refresh' && answer.httpStatus !== null) return classifyGeneric(answer);
  if (isPage(answer.body)) return classifyNetwork({ ...answer, body: '' });
  const text = answer.body.replaceAll(CHALLENGE, '').trim();
  const providerCode = codeOf(text);
  const isLogin = answer.operation === 'login';
  if (!isLogin && FOLDER_CHANGED.test(text)) {
    return verdict('cursor_expired', null, { providerCode });
  }
  const isBearer = text !== answer.body.trim() || /AUTH(ENTICATE)? (XOAUTH2|OAUTHBEARER)/.test(text);
  const rule =
    RULES.find(({ pattern, login }) => (isLogin || !login) && pattern.test(text)) ?? bareRefusal(answer, text);
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
 * it; the same for a token that is old, has too few scopes, or is unknown. The line after it decides.
 */
const CHALLENGE =
  /^\+ [A-Za-z0-9+/=]{16,}\s*$|\beyJ[A-Za-z0-9+/]{12,}={0,2}|\{"status":"\w+","schemes":"[^}]{0,500}\}/gim;

function bareRefusal({ operation }: ProviderAnswer, text: string): RefusalRule | null {
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
