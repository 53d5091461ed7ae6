import { accountKey } from '../account-key.ts';
import type { FolderView, MailboxView } from '../imap/mailbox/mirror.ts';
import type { TokenImapServer } from '../imap/token-server.ts';
import { openTokenImapServer } from '../imap/token-server.ts';
import { accessToken } from '../oauth/tokens.ts';
import { GMAIL_FULL } from './oauth/scopes.ts';
import type { AccountRow } from './rows.ts';
import type { GoogleStore } from './store.ts';

const COMMON = 'IMAP4rev1 UNSELECT IDLE NAMESPACE ID CHILDREN SASL-IR';

/**
 * Folders of Gmail by their labels. The views of "All Mail" are switched off in the settings of these mailboxes ("Show in
 * IMAP"), and it itself unless the account shows it.
 */
const FOLDERS = [
  { name: 'INBOX', specialUse: null, label: 'INBOX' },
  { name: '[Gmail]/Sent Mail', specialUse: '\\Sent', label: 'SENT' },
  { name: '[Gmail]/Drafts', specialUse: '\\Drafts', label: 'DRAFT' },
  { name: '[Gmail]/Spam', specialUse: '\\Junk', label: 'SPAM' },
  { name: '[Gmail]/Trash', specialUse: '\\Trash', label: 'TRASH' },
] as const;

/** Gmail over IMAP. https://developers.google.com/workspace/gmail/imap/xoauth2-protocol */
export async function openGmailImap(store: GoogleStore): Promise<TokenImapServer> {
  const server = await openTokenImapServer(store.deps, {
    provider: 'google',
    capabilities: {
      before: `${COMMON} AUTH=XOAUTH2`,
      after: `${COMMON} UIDPLUS ENABLE MOVE CONDSTORE ESEARCH LIST-EXTENDED LIST-STATUS SPECIAL-USE LITERAL+`,
    },
    refusesLogins: true,
    admits(user, token) {
      const row = accessToken(store, token);
      return row !== undefined && row.email === accountKey(user) && row.scopes.includes(GMAIL_FULL);
    },
    challenge: { status: '400', schemes: 'Bearer', scope: GMAIL_FULL },
    refusal: { text: 'Invalid credentials (Failure)', code: 'AUTHENTICATIONFAILED' },
    view: (email) => viewOf(store, store.account(email)),
  });
  store.whenMailChanges((email) => server.changed(email));
  store.whenGrantsAreOver(({ email }) => server.hangUp(accountKey(email)));
  return server;
}

function viewOf(store: GoogleStore, account: AccountRow | undefined): MailboxView | undefined {
  if (!account) return undefined;
  const { all, live, deleted } = store.mailbox(account.email).numbered();
  const folders = [
    ...FOLDERS,
    ...store.userLabels(account).map(({ id, name }) => ({ name, specialUse: null, label: id })),
  ];
  return {
    uidValidity: 1 + Number(account.sub.slice(-8)) + (account.uid_generation ?? 0),
    uidNext: all + 1,
    modseq: all + deleted + 1,
    folders: [
      ...folders.map(({ name, specialUse, label }): FolderView => ({
        name,
        specialUse,
        messages: live.filter(({ row }) => row.label_ids.includes(label)).map(messageOf),
      })),
      ...(account.shows_all_mail ? [allMailOf(live)] : []),
    ],
  };
}

type Numbered = ReturnType<ReturnType<GoogleStore['mailbox']>['numbered']>['live'][number];

const messageOf = ({ uid, row }: Numbered): FolderView['messages'][number] => ({
  uid,
  spec: row.spec,
  ...(row.label_ids.includes('DRAFT') ? { flags: ['\\Draft'] } : {}),
});

/** Drafts are there too, and neither Spam nor Trash. */
const allMailOf = (live: readonly Numbered[]): FolderView => ({
  name: '[Gmail]/All Mail',
  specialUse: '\\All',
  messages: live.filter(({ row }) => !row.label_ids.some((id) => id === 'SPAM' || id === 'TRASH')).map(messageOf),
});
