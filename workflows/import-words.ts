import type { SliceAnswer } from '../imports/slice.ts';

/*
 * What an operator reads in Temporal Web.
 */

/** Where an import stands, for the top of its workflow's page (Markdown). */
export function describeImport(answer: SliceAnswer): string {
  const { counts, state, waitingFor, setAside = 0 } = answer;
  const lines = [sentenceOf(answer)];
  if (setAside > 0) lines.push(`Set aside, because they cannot be read: ${count(setAside)} folders.`);
  if (waitingFor !== null) lines.push(`Waiting for ${waitingFor}.`);
  lines.push(
    `Found ${count(counts.found)}: imported ${count(counts.imported)}, already had ${count(counts.alreadyHad)}, ` +
      `skipped ${count(counts.skipped)}, ${state === 'running' ? 'still to do' : 'missing'} ${count(counts.missing)}.`,
  );
  if (counts.repaired > 0) lines.push(`Only the comparison found ${count(counts.repaired)} of them.`);
  return lines.join('\n\n');
}

function sentenceOf({ done, state, counts, estimate, setAside = 0 }: SliceAnswer): string {
  switch (state) {
    case 'running': {
      const total = estimate !== null && estimate > counts.found ? ` of about ${count(estimate)}` : '';
      return `${count(counts.imported)}${total} messages imported.`;
    }
    case 'completed':
      return `Complete: ${count(counts.imported)} messages imported.`;
    case 'stalled':
      if (!done)
        return `Stalled by an error of Mooring, ${count(counts.imported)} messages imported. Polls go on meanwhile.`;
      if (setAside > 0 && counts.missing === 0)
        return 'Stalled: some folders could not be listed; a later poll retries them.';
      return `Stalled: ${count(counts.missing)} listed messages could not be fetched.`;
    case 'cancelled':
      return 'Cancelled.';
  }
}

/** The summary of a timer. */
export function describeWait(answer: SliceAnswer | null): string {
  return answer?.waitingFor ? `waiting for ${answer.waitingFor}` : 'looking again';
}

const count = (number: number) => number.toLocaleString('en-US');
