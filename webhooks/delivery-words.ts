/** Why a webhook endpoint gave no answer, by the network's code. */
const NO_ANSWER: Readonly<Record<string, string>> = {
  egress_denied: 'The endpoint is not at a public address (egress_denied)',
  dns_failed: 'The name of the endpoint was not found (dns_failed)',
  connection_refused: 'Nothing listens at the endpoint (connection_refused)',
  tls_untrusted: 'The certificate of the endpoint is not trusted (tls_untrusted)',
  tls_failed: 'The endpoint does not speak TLS as expected (tls_failed)',
  timeout: 'The endpoint did not answer in time (timeout)',
  connection_lost: 'The endpoint closed the connection without an answer (connection_lost)',
  unreachable: 'The endpoint cannot be reached (unreachable)',
};

export function noAnswerInWords(code: string): string {
  return NO_ANSWER[code] ?? `The endpoint could not be reached (${code})`;
}

/** An answer outside 200 to 299 in words. */
export function refusalInWords(status: number): string {
  if (status === 410) return 'The endpoint answered 410, gone, and was disabled';
  if (status === 429) return 'The endpoint answered 429: it asks for a pause';
  if (status >= 300 && status < 400) return `The endpoint answered ${status}, a redirect; redirects are not followed`;
  return `The endpoint answered ${status}; expected 200 to 299`;
}
