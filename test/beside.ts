/**
 * The files of tests that run beside one another. They compute for moments, or wait for servers and processes of their own;
 * they skip no time of Temporal's, open no browser, and assert no time that other work would lengthen. A file that is not
 * listed runs alone.
 */
export const BESIDE = [
  'test/{architecture,explain,rules}.test.ts',
  'test/{crypto,domain,net,ui}/*.test.ts',
  files('api', [
    'accounts-at-servers answer-types branding channel-list client-address connect-oauth connection-context connections documentation drift exposure',
    'feeds imports key-rights link-ends message-view microsoft openapi pages problems push quarantine readme security sending-sign-in',
    'salesforce server-kinds server sign-in-ways',
  ]),
  files('channels', ['expiring reminders wake']),
  files('connections', [
    'adoption-kill change-access change-kill change-under-way exchange-basic exchange-server-change server-change',
    'change-owing change-places end-subscription former-access revoked-at-birth sign-in-kill sign-ins-at-once unvouched-address way-back',
  ]),
  files('credentials', ['certified-server claims kill pause races refresh reports rotation stop token-reads trials']),
  files('db', [
    'size/at-size account-keys erasure foreign-keys lost-connection migrations processes renamed-json roles',
  ]),
  files('imports', [
    'audit-states comparison dovecot exchange folders identity import-window microsoft modes moves parser-upgrade receipt',
    'reauthorized records refused-parts salesforce retention set-aside silent-loss walk-of-broken work-places kill/kill model/model',
  ]),
  files('feeds', ['import-end pages restore settler']),
  files('notifications', ['dark-modes kill mail smtp']),
  files('providers', [
    'discovery egress exchange exchange-contents exchange-streams google grant-key imap imap-dovecot imap-dovecot-tokens imap-greenmail imap-strange',
    'errors imap-tokens microsoft ntlm raw-message registry salesforce-attachments salesforce-login smtp-bearer token-endpoint',
    'custom/call-headers custom/documentation custom/good-files custom/wrong-files',
  ]),
  files('push', ['by-reference connection-limit']),
  files('sandbox', [
    'copying entra exchange gmail-api google-oauth graph-client graph-mail imap imap-dialogue imap-kill kill',
    'microsoft-faults microsoft-kill',
  ]),
  files('start', ['compose log machine sbom start-config']),
  files('vault', ['rewrap start-refused swapped-records vault']),
  files('webhooks', ['api kill outbox']),
  files('workflows', ['access-type verdicts']),
].flat();

function files(folder: string, lines: readonly string[]): string[] {
  return lines.flatMap((names) => names.split(' ').map((name) => `test/${folder}/${name}.test.ts`));
}
