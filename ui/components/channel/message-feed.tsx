import { useQuery } from '@tanstack/react-query';
import { Link } from 'react-router';
import { messagesQuery } from '../../data/queries.ts';
import type { MessageCount } from '../../data/queries.ts';
import type { Channel } from '../../../api/schemas/channels.ts';
import { count } from '../../words/time.ts';
import { Loading } from '../loading.tsx';
import { MessageLine } from '../messages/message-line.tsx';

export function MessageFeed({ channel }: { channel: Channel }) {
  const messages = useQuery(messagesQuery(channel.id));
  return (
    <section aria-labelledby="messages" className="panel">
      <h2 id="messages">
        Messages <span className="number meta">{messages.data && total(messages.data)}</span>
      </h2>
      <Loading query={messages}>Counting the messages…</Loading>
      {messages.data?.more && <p className="hint">There are too many to be counted here.</p>}
      {messages.data?.count === 0 && <p className="hint">None stored yet. New ones show up here as they arrive.</p>}
      {messages.data && !messages.data.more && (
        <ol className="messages">
          {messages.data.newest.map((message) => (
            <MessageLine key={message.id} message={message} />
          ))}
        </ol>
      )}
      {(messages.data?.count ?? 0) > 0 && <Link to={`/channels/${channel.id}/messages`}>All messages</Link>}
    </section>
  );
}

function total(found: MessageCount): string {
  return found.more ? `more than ${count(found.count)}` : `${count(found.count)} stored`;
}
