import type { ReactNode } from 'react';
import { describeImport, importTitle, skipWords } from '../../words/event-words.ts';
import type { Import } from '../../../api/schemas/imports.ts';
import { count, plural } from '../../words/time.ts';
import type { Tone } from '../../words/words.ts';
import { Ago, Moment } from '../clock.tsx';
import { Copyable } from '../copyable.tsx';

const STATES: Record<Import['state'], { word: string; tone: Tone }> = {
  running: { word: 'Running', tone: 'quiet' },
  completed: { word: 'Completed', tone: 'good' },
  stalled: { word: 'Stuck', tone: 'warn' },
  cancelled: { word: 'Stopped', tone: 'quiet' },
};

/**
 * What an import did. The numbers are an equation that anybody can check: found = imported + had + skipped + missing.
 */
export function ImportReceipt({ it, children }: { it: Import; children?: ReactNode }) {
  const { word, tone } = STATES[it.state];
  return (
    <article className="receipt" aria-label={`Import: ${importTitle(it.cause)}`}>
      <header>
        <h3>{importTitle(it.cause)}</h3>
        <span className={`word tone-${tone}`}>{word}</span>
        <span className="meta">
          <Ago at={it.completed_at ?? it.started_at} />
        </span>
      </header>
      {it.state === 'running' && <ImportProgress it={it} />}
      <p>{describeImport(it)}</p>
      <Numbers it={it} />
      <p className="meta">
        <Window it={it} />
        {it.repaired > 0 && <> · {plural(it.repaired, 'message')} found only by the comparison</>}
        {it.skipped
          .filter((skip) => skip.count > 0)
          .map((skip) => (
            <span key={skip.reason}>
              {' '}
              · {count(skip.count)} {skipWords(skip.reason)}
            </span>
          ))}
        <Copyable value={it.id} label="import id" />
      </p>
      {children}
    </article>
  );
}

function Numbers({ it }: { it: Import }) {
  const skipped = it.skipped.reduce((sum, skip) => sum + skip.count, 0);
  return (
    <dl className="equation">
      <Term sign="" value={it.found} word="found" />
      <Term sign="=" value={it.imported} word="imported" />
      <Term sign="+" value={it.already_had} word="already had" />
      <Term sign="+" value={skipped} word="skipped" />
      <Term sign="+" value={it.missing} word="missing" />
    </dl>
  );
}

function Term({ sign, value, word }: { sign: string; value: number; word: string }) {
  return (
    <>
      {sign && (
        <span className="sign" aria-hidden="true">
          {sign}
        </span>
      )}
      <div className={word === 'missing' && value > 0 ? 'term tone-bad' : 'term'}>
        <dd>{count(value)}</dd>
        <dt>{word}</dt>
      </div>
    </>
  );
}

/** How far a running import is; without the provider's estimate there is a count but no bar. */
function ImportProgress({ it }: { it: Import }) {
  const { done, estimate } = it.progress;
  const words =
    estimate === null || estimate < done ? `${count(done)} so far` : `${count(done)} of about ${count(estimate)}`;
  const percent = estimate === null || estimate === 0 ? null : Math.min(100, Math.round((done / estimate) * 100));
  return (
    <div className="progress">
      <p role="status" className="number">
        {words}
      </p>
      {percent !== null && (
        <span
          className="bar"
          role="progressbar"
          aria-label="Import"
          aria-valuemin={0}
          aria-valuemax={100}
          aria-valuenow={percent}
        >
          <span style={{ width: `${percent}%` }} />
        </span>
      )}
    </div>
  );
}

const SHORT_MS = 10 * 60_000;

function Window({ it }: { it: Import }) {
  const { from, to } = it.window;
  // A gap of seconds would read "from 14:02 to 14:02".
  const short = from !== null && to !== null && Date.parse(to) - Date.parse(from) < SHORT_MS;
  if (from === null && to === null) return <>Everything after the last stored position</>;
  return (
    <>
      {from && (
        <>
          From <Moment at={from} seconds={short} />
        </>
      )}{' '}
      {to && (
        <>
          to <Moment at={to} seconds={short} />
        </>
      )}
    </>
  );
}
