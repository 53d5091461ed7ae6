import { useQuery } from '@tanstack/react-query';
import { messagesQuery } from '../../data/queries.ts';
import type { MessageCount } from '../../data/queries.ts';
import type { Channel } from '../../../api/schemas/channels.ts';
import type { Message } from '../../../api/schemas/messages.ts';
import { count } from '../../words/time.ts';
import { Ago } from '../clock.tsx';
import { Loading } from '../loading.tsx';

export function MessageFeed({ channel }: { channel: Channel }) {
  const messages = useQuery(messagesQuery(channel.id));
  return (
    <section aria-labelledby="messages" className="panel">
      <h2 id="messages">
        Messages <span className="number meta">{messages.data && total(messages.data)}</span>
      </h2>
      <Loading query={messages}>Counting the messages…</Loading>
      {messages.data?.more && (
        <p className="hint">There are too many to look through from here; the API’s feed has them all.</p>
      )}
      {messages.data?.count === 0 && <p className="hint">None stored yet. New ones show up here as they arrive.</p>}
      {messages.data && !messages.data.more && (
        <ol className="messages">
          {messages.data.newest.map((message) => (
            <MessageLine key={message.id} message={message} />
          ))}
        </ol>
      )}
    </section>
  );
}

function total(found: MessageCount): string {
  return found.more ? `more than ${count(found.count)}` : `${count(found.count)} stored`;
}

function MessageLine({ message }: { message: Message }) {
  return (
    <li>
      <span className="message-subject">{message.subject || 'No subject'}</span>
      <span className="meta message-from">
        {message.from ? message.from.name || message.from.email : 'unknown sender'} · {message.folder}
      </span>
      {message.backfilled && <span className="meta message-missed">was missed</span>}
      <span className="meta">
        <Ago at={message.stored_at} />
      </span>
    </li>
  );
}
