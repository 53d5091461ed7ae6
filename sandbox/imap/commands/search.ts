import { distortListing } from '../faults.ts';
import type { CommandParser } from '../wire/parser.ts';
import { BadCommand, Refusal } from '../wire/reply.ts';
import { parseSearch } from '../mailbox/search-keys.ts';
import type { NumberedMessage } from '../mailbox/selected-folder.ts';
import { formatSequenceSet } from '../wire/sequence-set.ts';
import type { Completion, ImapCommand, Session } from '../session.ts';

/** SEARCH and UID SEARCH (RFC 3501 section 6.4.4, RFC 4731 ESEARCH, RFC 7162 section 3.1.5). */

const returnOptions = ['MIN', 'MAX', 'ALL', 'COUNT'];

function searching(byUid: boolean): ImapCommand {
  return {
    state: 'selected',
    logged: true,
    keepsNumbers: !byUid,
    run(session, parser): Completion {
      const returns = parseReturns(parser);
      parseCharset(parser);
      parser.space();
      const selected = session.folder;
      const scope = { largestUid: selected.largestUid, largestSequence: selected.size };
      const { matches, usesModseq } = parseSearch(parser, scope);
      if (usesModseq) session.condstore = true;
      const found = selected.all().filter(matches);
      const matching = found.map(({ message, sequence }) => (byUid ? message.uid : sequence));
      const lists = returns === null || returns.includes('ALL');
      const numbers = lists ? distortListing(session.server, session.owner.email, matching) : matching;
      const modseq = usesModseq && found.length > 0 ? highestModseq(found) : null;
      if (returns) extendedAnswer(session, numbers, returns, byUid, modseq);
      else {
        const list = numbers.map((number) => ` ${number}`).join('');
        session.connection.line(`* SEARCH${list}${modseq === null ? '' : ` (MODSEQ ${modseq})`}`);
      }
      return { text: 'Search completed.' };
    },
  };
}

export const search = searching(false);
export const uidSearch = searching(true);

function parseReturns(parser: CommandParser): string[] | null {
  if (!parser.take(' RETURN ')) return null;
  const options = parser.list(() => parser.keyword());
  const unknown = options.find((option) => !returnOptions.includes(option));
  if (unknown) throw new BadCommand(`Unknown SEARCH return option ${unknown}`);
  return options.length > 0 ? options : ['ALL'];
}

function parseCharset(parser: CommandParser): void {
  if (!parser.take(' CHARSET ')) return;
  const charset = parser.astring().toUpperCase();
  if (charset !== 'UTF-8' && charset !== 'US-ASCII')
    throw new Refusal('Unknown charset', 'BADCHARSET (US-ASCII UTF-8)');
}

function highestModseq(found: NumberedMessage[]): number {
  return found.reduce((highest, { message }) => Math.max(highest, message.modseq), 0);
}

function extendedAnswer(
  session: Session,
  numbers: number[],
  returns: string[],
  byUid: boolean,
  modseq: number | null,
): void {
  const tag = JSON.stringify(session.tag);
  const parts = [`* ESEARCH (TAG ${tag})${byUid ? ' UID' : ''}`];
  if (numbers.length > 0) {
    if (returns.includes('MIN')) parts.push(`MIN ${numbers[0]}`);
    if (returns.includes('MAX')) parts.push(`MAX ${numbers.at(-1)}`);
    if (returns.includes('ALL')) parts.push(`ALL ${formatSequenceSet(numbers)}`);
  }
  if (returns.includes('COUNT')) parts.push(`COUNT ${numbers.length}`);
  if (modseq !== null) parts.push(`MODSEQ ${modseq}`);
  session.connection.line(parts.join(' '));
}
