import type { Operation, ProviderAnswer, Verdict } from '../domain/verdict.ts';
import { ProviderError } from '../domain/verdict.ts';
import { unknown, rateLimited, retryAfterMs, verdict } from '../domain/verdict-builders.ts';

/**
 * What failed on the way to a server, in the words of the connect form. Each is read from an error's code, or from its
 * text where only that is left.
 */
const NETWORK_CODES: readonly (readonly [RegExp, string])[] = [
  [/egress_denied/, 'egress_denied'],
  [/starttls_missing|does not support STARTTLS/, 'starttls_missing'],
  [/ENOTFOUND|EAI_|ENODATA|getaddrinfo|name resolution|UnknownHost|no such host/i, 'dns_failed'],
  [/ECONNREFUSED|connection refused/i, 'connection_refused'],
  [
    /CERT_|_CERT|UNABLE_TO_VERIFY_LEAF|UNABLE_TO_GET_ISSUER|ERR_TLS_CERT|certificate|self.signed|hostname.{0,120} match/i,
    'tls_untrusted',
  ],
  [/ERR_SSL|EPROTO|ssl routines|tls_failed|SSLError|wrong version number|handshake/i, 'tls_failed'],
  [/TIMEDOUT|TIMEOUT|timed? ?out|deadline exceeded/i, 'timeout'],
  [
    /ECONNRESET|EPIPE|ECONNABORTED|EConnectionClosed|socket|UND_ERR|connection (was )?(reset|closed|aborted)/i,
    'connection_lost',
  ],
  [/NoConnection|Connection not available|EOF\b|premature|aborted/i, 'connection_lost'],
  [/EHOSTUNREACH|ENETUNREACH|ENETDOWN|EHOSTDOWN|EADDRNOTAVAIL|no route/i, 'unreachable'],
];

/**
 * The verdict of a network failure (provider `generic`), including proxies and gateways: no answer, a proxy's page, a
 * bare status. It never asks a person to sign in (rule 5).
 */
export function classifyNetwork(answer: ProviderAnswer): Verdict {
  if (answer.httpStatus === 429) return rateLimited(retryAfterMs(answer), '429');
  // Our own proxy asks for credentials: the operator's set-up.
  if (answer.httpStatus === 407) return verdict('misconfigured', 'network', { providerCode: '407' });
  if (answer.httpStatus !== null) return unknown(answer, String(answer.httpStatus));
  const code = codeIn(answer.body);
  // The operator's own allowlist forbids it: a retry heals nothing.
  if (code === 'egress_denied') return verdict('misconfigured', 'network', { providerCode: code });
  return verdict('transient', 'network', { providerCode: code });
}

/** What failed on the way to a server. */
export function networkCode(error: unknown): string {
  return codeIn(networkErrorText(error));
}

function codeIn(text: string): string {
  return NETWORK_CODES.find(([pattern]) => pattern.test(text))?.[1] ?? 'network';
}

/** The codes and names along an error's causes, which identify a network failure; nothing that was sent. */
function networkErrorText(error: unknown): string {
  const parts: string[] = [];
  for (let at = error, depth = 0; at instanceof Error && depth < 6; at = at.cause, depth++) {
    const { code } = at as NodeJS.ErrnoException;
    parts.push([at.name, code, at.message].filter(Boolean).join(' '));
    if (at instanceof AggregateError) parts.push(...at.errors.map((inner) => networkErrorText(inner)));
  }
  return parts.join('; ');
}

/** The provider did not answer: a `ProviderError` that names the server and what failed, and keeps the cause. */
export function networkFailure(server: string, operation: Operation, error: unknown): ProviderError {
  const failure = classifyNetwork({ operation, httpStatus: null, headers: {}, body: networkErrorText(error) });
  const failed = new ProviderError(`No answer from ${server} (${failure.providerCode})`, failure);
  failed.cause = error;
  return failed;
}
