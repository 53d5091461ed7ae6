/** Where on the password form an error belongs; null: it is about the whole attempt. */
export type FormField = 'username' | 'password' | 'host' | 'port' | 'security' | 'smtp' | null;

export interface FailureWords {
  title: string;
  sentence: string;
  field: FormField;
}

/** A code of a failed sign-in that has words. */
export type FailureCode = keyof typeof FAILURES;

/**
 * What a failed sign-in means, in words for its person, on our own pages and in the API's `display_message`; null for any
 * other code.
 * @param provider who runs the account, as a sentence names it
 */
export function failureWords(code: string, provider: string): FailureWords | null {
  const words: FailureWords | undefined = Object.hasOwn(FAILURES, code) ? FAILURES[code as FailureCode] : undefined;
  if (words === undefined) return null;
  const fill = (text: string) =>
    capital(
      text.replaceAll('{provider}', provider).replaceAll('{at}', `at ${provider}`).replaceAll('{product}', 'Mooring'),
    );
  return { ...words, title: fill(words.title), sentence: fill(words.sentence) };
}

/** `{provider}` at the start of a sentence begins with a capital. */
export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** In English. `{provider}` runs the account, `{at}` is where one signs in, `{product}` whose page it is. */
export const FAILURES = {
  authentication_failed: {
    title: 'The password was refused',
    sentence:
      'The mail server does not accept this user name and password. Many providers want an app password here instead of the usual one.',
    field: 'password',
  },
  dns_failed: {
    title: 'No such server',
    sentence: 'There is no mail server with this name. Please check the spelling.',
    field: 'host',
  },
  server_not_found: {
    title: 'Which mail server?',
    sentence:
      'No mail server was found for this address. Please enter its name, such as imap.example.com. The provider of the mailbox lists it in its help as “IMAP server” or “incoming mail”, and a mail program that reads the mailbox shows it in the account’s settings.',
    field: 'host',
  },
  account_disabled: {
    title: 'The account is disabled',
    sentence: '{provider} says that this account is disabled. Please ask the administrator who looks after it.',
    field: null,
  },
  admin_consent_required: {
    title: 'An administrator has to allow it first',
    sentence:
      '{provider} says that your organization decides about apps that read mail. Send the link below to an administrator, and sign in again when it is allowed.',
    field: null,
  },
  connection_refused: {
    title: 'The server does not answer',
    sentence: 'The server exists but does not answer on this port. Please check host and port.',
    field: 'port',
  },
  timeout: {
    title: 'The server does not answer',
    sentence: 'The server did not answer in time. Please check host and port, or try again.',
    field: 'host',
  },
  tls_untrusted: {
    title: 'The server cannot be trusted',
    sentence:
      'The server’s certificate is not valid for this name, so nothing was sent to it. Please check the host name.',
    field: 'host',
  },
  starttls_missing: {
    title: 'No encryption',
    sentence: 'The server does not offer encryption on this port, so no password was sent. Try “TLS” with port 993.',
    field: 'security',
  },
  wrong_protocol: {
    title: 'Not an IMAP server',
    sentence:
      'Something other than IMAP answers on this port, such as the server for outgoing mail, so no password was sent. IMAP usually has port 993 with TLS, or 143 with STARTTLS.',
    field: 'port',
  },
  wrong_security: {
    title: 'The other kind of encryption',
    sentence:
      'The server answers on this port with the other kind of encryption, so no password was sent. TLS usually goes with port 993, STARTTLS with 143.',
    field: 'security',
  },
  tls_failed: {
    title: 'No encryption on this port',
    sentence:
      'The server does not speak this kind of encryption on this port, so no password was sent. TLS usually goes with port 993, STARTTLS with 143.',
    field: 'security',
  },
  connection_lost: {
    title: 'The server hung up',
    sentence: 'The server ended the connection in the middle. Please check host and port, or try again.',
    field: 'host',
  },
  unreachable: {
    title: 'The server cannot be reached',
    sentence: 'There is no way to this server from here. Please check the host name.',
    field: 'host',
  },
  network: {
    title: 'The server cannot be reached',
    sentence: 'The connection to the server failed. Please check host and port, or try again.',
    field: 'host',
  },
  egress_denied: {
    title: 'Not allowed from here',
    sentence: 'No connection to this server is allowed from here. Please ask the sender of the link.',
    field: 'host',
  },
  mailbox_unavailable: {
    title: 'The mailbox cannot be opened',
    sentence:
      'The sign-in worked, but the mailbox cannot be opened. Access for mail programs may be switched off in its settings, or by an administrator.',
    field: null,
  },
  web_sign_in_required: {
    title: '{provider} wants to see you first',
    sentence:
      '{provider} does not open the mailbox until you have signed in on its own page and confirmed that it is you. Then come back and try again.',
    field: null,
  },
  no_refresh_token: {
    title: 'No lasting access was given',
    sentence: '{provider} signed you in but gave no lasting access. Please try again and allow access when asked.',
    field: null,
  },
  access_denied: {
    title: 'Access was not given',
    sentence: 'You, or {provider}, said no. Nothing was changed; you can try again.',
    field: null,
  },
  scope_missing: {
    title: 'Some boxes were not ticked',
    sentence:
      '{provider} asked which permissions to give, and one we need was left out. Please try again and tick every box.',
    field: null,
  },
  state_invalid: {
    title: 'That sign-in had gone stale',
    sentence: 'The sign-in was started in another browser or too long ago. Please start again from here.',
    field: null,
  },
  access_type_not_allowed: {
    title: 'Not allowed here',
    sentence: 'This kind of access is not allowed for this account. Please ask the sender of the link.',
    field: null,
  },
  provider_error: {
    title: 'A problem {at}',
    sentence: '{provider} could not finish the sign-in. Nothing was changed; please try again in a minute.',
    field: null,
  },
  attestation_required: {
    title: 'Is this the same mailbox?',
    sentence:
      'Too little of this mailbox is known to tell whether it is the same one at the new server. Nothing was changed. Please ask the sender of the link.',
    field: null,
  },
  account_connected: {
    title: 'Connected already',
    sentence: 'This account at this server has a connection of its own. Nothing was changed.',
    field: null,
  },
  link_used: {
    title: 'This link has been used',
    sentence: 'A link works for one sign-in only, and this one is done.',
    field: null,
  },
  link_expired: {
    title: 'This link has expired',
    sentence: 'Links work for a limited time, and this one is over.',
    field: null,
  },
  mooring_unreachable: {
    title: '{product} does not answer',
    sentence: 'No answer came. Please try again in a moment; nothing is done twice.',
    field: null,
  },
  offline: {
    title: 'You are offline',
    sentence: 'Please try again once this device has a network; nothing is done twice.',
    field: null,
  },
} satisfies Record<string, FailureWords>;
