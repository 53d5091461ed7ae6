import { useState } from 'react';
import type { ReactNode } from 'react';
import { useQueries, useQuery } from '@tanstack/react-query';
import type { Channel } from '../../../api/schemas/channels.ts';
import { firstPageOfTimeline, sessionQuery } from '../../data/queries.ts';
import { CurlLines } from './curl-lines.tsx';

const CLOSED_KEY = 'mooring.first-steps';
/** A newcomer has few channels; their events tick the steps. */
const LOOKED_AT = 5;

/** What a newcomer to a Mooring with simulated providers tries, ticked by what has happened. */
export function FirstSteps({ channels, isLoaded }: { channels: Channel[]; isLoaded: boolean }) {
  const sandbox = useQuery(sessionQuery).data?.sandbox_page;
  const [isClosed, setClosed] = useState(() => localStorage.getItem(CLOSED_KEY) !== null);
  const happened = useHappened(sandbox && !isClosed && channels.length <= LOOKED_AT ? channels : []);
  if (!isLoaded) return null;
  if (!sandbox) return channels.length === 0 && <NoChannels />;
  if (isClosed || channels.length > LOOKED_AT) return null;
  const isRepaired = happened.has('channel.reauthorized');
  return (
    <section className="panel first-steps" aria-labelledby="first-steps">
      <h2 id="first-steps">{channels.length === 0 ? 'No channels yet' : 'First steps'}</h2>
      <p>
        A channel is one mailbox that Mooring keeps connected. This Mooring runs with simulated providers, so that you
        can see one break and come back within minutes:
      </p>
      <ol>
        <Step isDone={channels.length > 0}>
          Choose “Connect a channel” and sign in as one of the demo accounts of the <a href={sandbox}>sandbox</a>, such
          as gmail-demo@example.com.
        </Step>
        <Step isDone={happened.has('channel.reauth_required') || isRepaired}>
          In the <a href={sandbox}>sandbox</a>, press “Revoke access” beside it, and send it some messages: the channel
          needs a person.
        </Step>
        <Step isDone={isRepaired}>Come back here and choose “Reauthorize”.</Step>
        <Step isDone={happened.has('import.completed')}>
          Open the channel: its import says how many messages were missed, and that none is missing now.
        </Step>
      </ol>
      <CurlLines />
      <button
        type="button"
        className="link-button"
        onClick={() => {
          localStorage.setItem(CLOSED_KEY, 'closed');
          setClosed(true);
        }}
      >
        Close the first steps
      </button>
    </section>
  );
}

function useHappened(channels: Channel[]): ReadonlySet<string> {
  const timelines = useQueries({ queries: channels.map(({ id }) => firstPageOfTimeline(id)) });
  return new Set(timelines.flatMap(({ data }) => data?.data.map(({ type }) => type) ?? []));
}

function Step({ isDone, children }: { isDone: boolean; children: ReactNode }) {
  return (
    <li className={isDone ? 'step-done' : undefined}>
      {children} {isDone && <span className="step-mark">Done</span>}
    </li>
  );
}

function NoChannels() {
  return (
    <div className="empty">
      <h2>No channels yet</h2>
      <p>
        A channel is one mailbox that Mooring keeps connected: its access stays fresh, you are told when it breaks, and
        what was missed is imported afterwards.
      </p>
      <p>
        Choose “Connect a channel” to connect the first one, or make a link with the API and send it to the person who
        owns the account.
      </p>
    </div>
  );
}
