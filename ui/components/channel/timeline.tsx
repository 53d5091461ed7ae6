import type { UseInfiniteQueryResult } from '@tanstack/react-query';
import { describeEvent } from '../../words/event-words.ts';
import { groupEvents } from '../../words/event-groups.ts';
import type { EventGroup } from '../../words/event-groups.ts';
import type { Channel } from '../../../api/schemas/channels.ts';
import type { TimelineEvent } from '../../../api/schemas/events.ts';
import { plural } from '../../words/time.ts';
import { Ago } from '../clock.tsx';
import { Loading } from '../loading.tsx';
import { ShowMore } from '../show-more.tsx';

interface TimelineProps {
  channel: Channel;
  events: TimelineEvent[];
  query: UseInfiniteQueryResult;
}

/** The diary of a channel, newest first; what repeats is one line. */
export function Timeline({ channel, events, query }: TimelineProps) {
  return (
    <section aria-labelledby="timeline" className="panel">
      <h2 id="timeline">Timeline</h2>
      <Loading query={query}>Loading the timeline…</Loading>
      {query.data !== undefined && events.length === 0 && <p className="hint">Nothing has happened yet.</p>}
      <ol className="timeline">
        {groupEvents(events).map((group) => (
          <Entry key={group.first.id} group={group} channel={channel} />
        ))}
      </ol>
      <ShowMore query={query} label="Show earlier" loading="Loading earlier events…" />
    </section>
  );
}

function Entry({ group, channel }: { group: EventGroup; channel: Channel }) {
  const { sentence, tone } = describeEvent(group.newest, channel);
  return (
    <li className={`entry tone-${tone}`}>
      <span className="entry-words">
        {sentence}
        {group.size > 1 && <span className="meta"> {repeated(group)}</span>}
      </span>
      <span className="meta">
        <Ago at={group.newest.at} />
      </span>
      <code className="entry-type">{group.newest.type}</code>
    </li>
  );
}

function repeated(group: EventGroup): string {
  return group.newest.type === 'credential.refreshed'
    ? `${plural(group.size, 'time')} in a row`
    : `in ${plural(group.size, 'batch', 'batches')}`;
}
