import type { ReactNode } from 'react';
import { ProblemError } from '../data/client.ts';
import type { Problem } from '../data/client.ts';
import type { Tone } from '../words/words.ts';
import { Copyable } from './copyable.tsx';

/** A sentence that needs to be seen. `bad` ones are announced at once, others politely. */
export function Notice({ tone, title, children }: { tone: Tone; title?: string; children: ReactNode }) {
  return (
    <div className={`notice notice-${tone}`} role={tone === 'bad' ? 'alert' : 'status'}>
      {title && <strong className="notice-title">{title}</strong>}
      <div>{children}</div>
    </div>
  );
}

/** What the server said no to, in its words, with the code to copy. */
export function ProblemNotice({ error }: { error: unknown }) {
  if (!(error instanceof ProblemError))
    return <Notice tone="bad">Something went wrong on this page. Please load it again.</Notice>;
  const { problem } = error;
  return (
    <Notice tone="bad" title={problem.title}>
      {wordsOf(problem)} <Copyable value={problem.code} label="error code" />
      {problem.request_id && <Copyable value={problem.request_id} label="request id" />}
    </Notice>
  );
}

/** The detail of a request that does not validate repeats its errors, for logs. */
function wordsOf({ detail, errors }: Problem): string {
  if (!errors?.length) return detail;
  return errors.map(({ path, message }) => (path === '' ? `${message}.` : `${fieldName(path)}: ${message}.`)).join(' ');
}

/** `reminders_days.0` is `Reminders days 1`. */
function fieldName(path: string): string {
  const words = path
    .split('.')
    .map((part) => (/^\d+$/.test(part) ? String(Number(part) + 1) : part.replaceAll('_', ' ')));
  return words
    .join(' ')
    .replace(/^url\b/, 'address')
    .replace(/^./, (letter) => letter.toUpperCase());
}
