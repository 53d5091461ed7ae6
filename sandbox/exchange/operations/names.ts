import { html as xml } from '../../html.ts';
import type { AccountRow } from '../rows.ts';
import { failed, succeeded, written } from '../soap/answer.ts';
import { EWS } from '../soap/errors.ts';
import type { Operation } from './operation.ts';

/** Resolves an address, a user name, or the beginning of a name. */
export const resolveNames: Operation = ({ store, asked }) => {
  const entry = (asked.textAt('UnresolvedEntry') ?? '').replace(/^smtp:/i, '').toLowerCase();
  if (entry === '') return EWS.invalidArgument;
  const exact = store.accountOfLogin(entry, '');
  const found = exact
    ? [exact]
    : store
        .accounts()
        .filter(({ email, name }) => [email, name ?? ''].some((text) => text.toLowerCase().startsWith(entry)));
  if (found.length === 0) return [failed('ResolveNames', EWS.nothingResolved)];
  return [
    succeeded(
      'ResolveNames',
      xml`<m:ResolutionSet TotalItemsInView="${found.length}" IncludesLastItemInRange="true">${found.map(resolution)}</m:ResolutionSet>`,
    ),
  ];
};

function resolution({ email, name }: AccountRow) {
  return xml`<t:Resolution><t:Mailbox><t:Name>${written(name ?? email)}</t:Name><t:EmailAddress>${email}</t:EmailAddress><t:RoutingType>SMTP</t:RoutingType><t:MailboxType>Mailbox</t:MailboxType></t:Mailbox></t:Resolution>`;
}
