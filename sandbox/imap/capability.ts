/** RFC 3501 section 6.2.3: before TLS a password may not be sent, and the server says so. */
const beforeTls = 'IMAP4rev1 SASL-IR LITERAL+ ID ENABLE IDLE STARTTLS LOGINDISABLED';
const beforeLogin = 'IMAP4rev1 SASL-IR LITERAL+ ID ENABLE IDLE AUTH=PLAIN';
const afterLogin = [
  'IMAP4rev1 SASL-IR LITERAL+ ID ENABLE IDLE NAMESPACE CHILDREN UIDPLUS MOVE UNSELECT CONDSTORE ESEARCH',
  'LIST-EXTENDED LIST-STATUS SPECIAL-USE STATUS=SIZE',
].join(' ');

export function capabilities(encrypted: boolean, authenticated: boolean): string {
  if (authenticated) return afterLogin;
  return encrypted ? beforeLogin : beforeTls;
}
