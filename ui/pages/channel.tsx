import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Link, useParams } from 'react-router';
import { ProblemError } from '../data/client.ts';
import { WayBack } from '../components/channel/access/way-back.tsx';
import { ChannelActions } from '../components/channel/channel-actions.tsx';
import { ChannelFacts } from '../components/channel/channel-facts.tsx';
import { ChannelState } from '../components/channel/channel-state.tsx';
import { ImportList } from '../components/channel/import-list.tsx';
import { ChannelNotices } from '../components/notices/channel-notices.tsx';
import { MessageFeed } from '../components/channel/message-feed.tsx';
import { Loading } from '../components/loading.tsx';
import { SetAsideList } from '../components/channel/set-aside.tsx';
import { Timeline } from '../components/channel/timeline.tsx';
import { channelQuery, timelineQuery } from '../data/queries.ts';
import type { Channel } from '../../api/schemas/channels.ts';
import { STATUS_WORDS } from '../words/words.ts';
import { NotFoundPage } from './not-found.tsx';

export function ChannelPage() {
  const { id = '' } = useParams();
  const channel = useQuery(channelQuery(id));
  if (channel.data) return <OneChannel key={id} channel={channel.data} />;
  if (channel.error instanceof ProblemError && channel.error.problem.status === 404) return <NotFoundPage />;
  return <Loading query={channel}>Loading the channel…</Loading>;
}

function OneChannel({ channel }: { channel: Channel }) {
  const timeline = useInfiniteQuery(timelineQuery(channel.id));
  const events = timeline.data?.pages.flatMap((page) => page.data) ?? [];
  return (
    <>
      <title>{`${channel.account.email}: ${STATUS_WORDS[channel.status].word} – Mooring`}</title>
      <nav aria-label="Breadcrumb" className="breadcrumb">
        <Link to="/">Channels</Link>
      </nav>
      <div className="page-head">
        <div>
          <h1 className="address">{channel.account.email}</h1>
          <p className="meta">
            {channel.access.label} · {channel.tenant} · {channel.kind}
            {channel.account.login !== channel.account.email && <> · signed in as {channel.account.login}</>}
          </p>
        </div>
      </div>
      <ChannelState channel={channel} />
      <WayBack channel={channel} />
      <ChannelActions channel={channel} />
      <div className="columns">
        <div className="column-main">
          <SetAsideList channel={channel} />
          <ChannelNotices channel={channel} />
          <ImportList channel={channel} />
          <Timeline channel={channel} events={events} query={timeline} />
        </div>
        <div className="column-side">
          <ChannelFacts channel={channel} events={events} />
          <MessageFeed channel={channel} />
        </div>
      </div>
    </>
  );
}
