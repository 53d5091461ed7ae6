import { useEffect, useRef, useState } from 'react';
import type { Import } from '../../../api/schemas/imports.ts';
import { useWords } from './speaking.tsx';

interface MessagesProps {
  it: Import;
  /** Of a first connection: messages from before it, which no one missed. */
  first: boolean;
  /** The access has changed: stored messages are found again. */
  changed: boolean;
}

/** The missed messages, counted while they come in, then what became of them. */
export function MissedMessages(messages: MessagesProps) {
  return messages.it.state === 'running' ? <Coming {...messages} /> : <Outcome {...messages} />;
}

/** A screen reader is told every few seconds: the count changes each second. */
const TOLD_EVERY_MS = 5_000;

function Coming({ it, first, changed }: MessagesProps) {
  const { words, count, number } = useWords();
  const { done, estimate } = it.progress;
  // A change of access compares mail that is mostly stored already: none of it was missed.
  const isSaid = done === 0 || changed;
  const total = estimate === null || estimate < done ? null : estimate;
  const sentence = first
    ? count(words.done.earlier, done)
    : total === null
      ? count(words.done.soFar, done)
      : count(words.done.ofAbout, done, { total: number(total) });
  const told = useNowAndThen(sentence, TOLD_EVERY_MS);
  const nothingYet = changed ? words.done.comparing : words.done.looking;
  return (
    <div className="progress">
      <p className="coming number" aria-hidden="true">
        {isSaid ? nothingYet : sentence}
      </p>
      <p className="visually-hidden" role="status">
        {isSaid ? nothingYet : told}
      </p>
      {total !== null && total > 0 && !changed && (
        <span
          className="bar"
          role="progressbar"
          aria-label={words.done.progress}
          aria-valuemin={0}
          aria-valuemax={total}
          aria-valuenow={done}
        >
          <span style={{ width: `${Math.round((done / total) * 100)}%` }} />
        </span>
      )}
    </div>
  );
}

/** A text that follows another, but only this often. */
function useNowAndThen(text: string, everyMs: number): string {
  const newest = useRef(text);
  const [told, setTold] = useState(text);
  useEffect(() => {
    newest.current = text;
  });
  useEffect(() => {
    const timer = window.setInterval(() => setTold(newest.current), everyMs);
    return () => window.clearInterval(timer);
  }, [everyMs]);
  return told;
}

function Outcome({ it, first, changed }: MessagesProps) {
  const { words, count } = useWords();
  const { done } = words;
  const skipped = it.skipped.reduce((sum, one) => sum + one.count, 0);
  return (
    <div className="outcome" role="status">
      <p className="number">
        <strong>
          {it.imported > 0
            ? count(first ? done.earlier : done.fetched, it.imported)
            : it.state === 'completed' && done.none}
        </strong>
      </p>
      {it.state === 'completed' && it.compared && it.missing === 0 && <p>{done.checked}</p>}
      {changed && it.already_had > 0 && <p>{count(done.known, it.already_had)}</p>}
      {it.missing > 0 && <p>{count(done.missing, it.missing)}</p>}
      {skipped > 0 && <p>{count(done.skipped, skipped)}</p>}
      {it.state === 'stalled' && <p>{done.stalled}</p>}
      {it.state === 'cancelled' && <p>{done.cancelled}</p>}
    </div>
  );
}
