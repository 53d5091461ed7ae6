import { accountKey } from '../account-key.ts';
import type { FolderView, MailboxView } from '../imap/mailbox/mirror.ts';
import type { TokenImapServer } from '../imap/token-server.ts';
import { openTokenImapServer } from '../imap/token-server.ts';
import { IMAP_ACCESS } from './entra/scopes.ts';
import { admitsToken } from './mail-token.ts';
import { placeOf } from './mailbox/mailbox.ts';
import { ROOT } from './mailbox/well-known-folders.ts';
import type { AccountRow } from './rows.ts';
import type { MicrosoftStore } from './store.ts';

const COMMON = 'IMAP4 IMAP4rev1 SASL-IR UIDPLUS MOVE ID UNSELECT CHILDREN IDLE NAMESPACE LITERAL+';

/**
 * Exchange Online over IMAP, which has neither CONDSTORE nor LIST-STATUS, tells the use of no folder, and refuses a token
 * without a challenge. https://learn.microsoft.com/exchange/client-developer/legacy-protocols
 */
export async function openOutlookImap(store: MicrosoftStore): Promise<TokenImapServer> {
  const server = await openTokenImapServer(store.deps, {
    provider: 'microsoft',
    capabilities: { before: `${COMMON} AUTH=XOAUTH2`, after: COMMON },
    refusesLogins: false,
    admits: (user, token) => admitsToken(store, IMAP_ACCESS, user, token),
    challenge: null,
    refusal: { text: 'AUTHENTICATE failed.', code: null },
    view: (email) => viewOf(store, store.account(email)),
  });
  store.whenMailChanges((email) => server.changed(email));
  store.whenGrantsAreOver(({ email }) => server.hangUp(accountKey(email)));
  return server;
}

function viewOf(store: MicrosoftStore, account: AccountRow | undefined): MailboxView | undefined {
  if (!account) return undefined;
  const mailbox = store.mailbox(account.email);
  const uids = mailbox.uidsOfPlaces();
  const live = mailbox.inOrder().map((row) => ({ row, place: placeOf(row) }));
  const tree = store.folderTree(account);
  const shown = mailbox.folders().filter(({ hidden, well_known: name }) => !hidden && name !== ROOT);
  return {
    uidValidity: 1 + Number.parseInt(account.oid.slice(-6), 16) + (account.uid_generation ?? 0),
    uidNext: uids.size + 1,
    modseq: mailbox.seq + 1,
    folders: shown.map(({ id }): FolderView => ({
      name: tree.pathOf(id),
      specialUse: null,
      messages: live
        .filter(({ place }) => place?.folder_id === id)
        .map(({ row, place }) => ({ uid: uids.get(place?.rest_id ?? '') ?? 0, spec: row.spec }))
        .toSorted((one, other) => one.uid - other.uid),
    })),
  };
}
