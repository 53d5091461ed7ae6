import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from 'react-router';
import { noticesQuery } from '../../data/notice-queries.ts';
import type { NoticeFilter } from '../../data/notice-queries.ts';
import type { NoticeOut } from '../../../api/schemas/notices.ts';
import { describeNoticeError, NOTICE_KIND_WORDS, NOTICE_STATE_WORDS, WHY_WORDS } from '../../words/notice-words.ts';
import { Ago, Ahead } from '../clock.tsx';
import { Copyable } from '../copyable.tsx';
import { Loading } from '../loading.tsx';
import { ShowMore } from '../show-more.tsx';

interface ListProps {
  filter: NoticeFilter;
  /** What stands there when no notice fits. */
  none: string;
  /** The address of a channel, where the list is about several. */
  nameOf?: (channelId: string) => string;
}

/** Who was told what, when, and why a mail has not gone out. */
export function NoticeList({ filter, none, nameOf }: ListProps) {
  const query = useInfiniteQuery(noticesQuery(filter));
  const notices = query.data?.pages.flatMap((page) => page.data) ?? [];
  return (
    <>
      <Loading query={query}>Loading the notices…</Loading>
      {query.data && notices.length === 0 && <p className="hint">{none}</p>}
      <ol className="notices">
        {notices.map((notice) => (
          <NoticeLine
            key={notice.id}
            notice={notice}
            channel={notice.channel === null ? null : (nameOf?.(notice.channel) ?? null)}
          />
        ))}
      </ol>
      <ShowMore query={query} label="Show earlier" loading="Loading earlier notices…" />
    </>
  );
}

function NoticeLine({ notice, channel }: { notice: NoticeOut; channel: string | null }) {
  const { word, tone } = NOTICE_STATE_WORDS[notice.state];
  return (
    <li>
      <span className={`word tone-${tone}`}>{word}</span>
      <span className="notice-words">
        <span className="address">{notice.to ?? 'No recipient'}</span>
        <span className="meta">
          {NOTICE_KIND_WORDS[notice.kind]}
          {channel !== null && (
            <>
              {' '}
              · <Link to={`/channels/${notice.channel}`}>{channel}</Link>
            </>
          )}{' '}
          · {WHY_WORDS[notice.why]}
        </span>
        {notice.held_by !== null && notice.state === 'held' && (
          <span className="meta notice-error">
            It waits for the operator, who looks at an incident of many channels first.
          </span>
        )}
        {notice.error !== null && (
          <span className="meta notice-error">
            {describeNoticeError(notice.error)} <Copyable value={notice.error} label="reason code" />
          </span>
        )}
      </span>
      <span className="meta notice-time">
        <NoticeTime notice={notice} />
      </span>
    </li>
  );
}

function NoticeTime({ notice }: { notice: NoticeOut }) {
  if (notice.state === 'held' && notice.due_at !== null)
    return (
      <>
        goes out <Ahead at={notice.due_at} />
      </>
    );
  return <Ago at={notice.at} />;
}
