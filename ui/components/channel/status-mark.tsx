import type { ReactNode } from 'react';
import type { Status } from '../../../domain/channel.ts';
import { STATUS_WORDS } from '../../words/words.ts';

/** Every status has a shape of its own, so that none depends on colour. */
const SHAPES: Record<Status, ReactNode> = {
  connected: (
    <>
      <circle cx="8" cy="8" r="7" />
      <path className="cut" d="m4.8 8.3 2.2 2.2 4.2-4.7" />
    </>
  ),
  degraded: (
    <>
      <path d="M8 1.2 15.4 14.4H.6Z" />
      <path className="cut" d="M8 6v3.6M8 11.9v.2" />
    </>
  ),
  reauth_required: (
    <>
      <path d="M8 .4 15.6 8 8 15.6.4 8Z" />
      <path className="cut" d="M8 4.6v4M8 11v.2" />
    </>
  ),
  blocked: (
    <>
      <rect x="1" y="1" width="14" height="14" rx="2.5" />
      <path className="cut" d="M4.5 8h7" />
    </>
  ),
  paused: (
    <>
      <circle cx="8" cy="8" r="7" />
      <path className="cut" d="M6.2 5.3v5.4M9.8 5.3v5.4" />
    </>
  ),
  disconnecting: <circle className="hollow" cx="8" cy="8" r="6.2" strokeDasharray="3 2.5" />,
  disconnected: (
    <>
      <circle className="hollow" cx="8" cy="8" r="6.2" />
      <path className="hollow" d="m3.8 12.2 8.4-8.4" />
    </>
  ),
};

export function StatusShape({ status }: { status: Status }) {
  return (
    <svg className={`shape tone-${STATUS_WORDS[status].tone}`} viewBox="0 0 16 16" aria-hidden="true">
      {SHAPES[status]}
    </svg>
  );
}

/** A status as shape and word. */
export function StatusMark({ status }: { status: Status }) {
  return (
    <span className="status-mark">
      <StatusShape status={status} />
      {STATUS_WORDS[status].word}
    </span>
  );
}
