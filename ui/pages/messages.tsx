import { useState } from 'react';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Link, useParams } from 'react-router';
import '../styles/outbox.css';
import { MessageLine } from '../components/messages/message-line.tsx';
import { MessageBody } from '../components/messages/message-body.tsx';
import { AttachmentList } from '../components/messages/attachment-list.tsx';
import { Ago } from '../components/clock.tsx';
import { Loading } from '../components/loading.tsx';
import { ShowMore } from '../components/show-more.tsx';
import { messagePagesQuery, messageViewQuery } from '../data/message-queries.ts';
import { channelQuery } from '../data/queries.ts';
import { subjectWords } from '../words/subject.ts';
import type { MessageView } from '../../api/schemas/messages.ts';

/** Every stored message of a channel, newest first. */
export function MessagesPage() {
  const { id = '' } = useParams();
  const channel = useQuery(channelQuery(id));
  const pages = useInfiniteQuery(messagePagesQuery(id));
  const messages = pages.data?.pages.flatMap(({ data }) => data) ?? [];
  return (
    <>
      <title>Messages – Mooring</title>
      <nav aria-label="Breadcrumb" className="breadcrumb">
        <Link to="/">Channels</Link> › <Link to={`/channels/${id}`}>{channel.data?.account.email ?? 'Channel'}</Link>
      </nav>
      <div className="page-head">
        <h1>Messages</h1>
      </div>
      <Loading query={pages}>Loading the messages…</Loading>
      {pages.data && messages.length === 0 && <p className="empty">None stored yet.</p>}
      {messages.length > 0 && (
        <section className="panel" aria-label="Messages, newest first">
          <ol className="messages">
            {messages.map((message) => (
              <MessageLine key={message.id} message={message} />
            ))}
          </ol>
          <ShowMore query={pages} label="Show earlier" loading="Loading earlier messages…" />
        </section>
      )}
    </>
  );
}

/** One message: what its sender wrote, and nothing of what the sender would have a browser do. */
export function MessagePage() {
  const { id = '' } = useParams();
  const view = useQuery(messageViewQuery(id));
  return (
    <>
      <title>Message – Mooring</title>
      <nav aria-label="Breadcrumb" className="breadcrumb">
        <Link to="/">Channels</Link>
        {view.data && (
          <>
            {' '}
            › <Link to={`/channels/${view.data.message.channel}/messages`}>Messages</Link>
          </>
        )}
      </nav>
      <Loading query={view}>Opening the message…</Loading>
      {view.data && <OneMessage view={view.data} />}
    </>
  );
}

const nameOf = ({ email, name }: { email: string; name: string | null }) => (name ? `${name} <${email}>` : email);
const SHOWN_RECIPIENTS = 10;

function OneMessage({ view }: { view: MessageView }) {
  const { message } = view;
  const [form, setForm] = useState<'html' | 'text'>(view.html === null ? 'text' : 'html');
  const others = message.to.length - SHOWN_RECIPIENTS;
  return (
    <article aria-labelledby="subject">
      <h1 id="subject" className="outbox-title">
        <bdi>{subjectWords(message.subject)}</bdi>
      </h1>
      <div className="outbox-about">
        <span className="meta">
          from <bdi className="address">{message.from ? nameOf(message.from) : 'an unknown sender'}</bdi> to{' '}
          <bdi className="address">{message.to.slice(0, SHOWN_RECIPIENTS).map(nameOf).join(', ')}</bdi>
          {others > 0 && ` and ${others} more`} · <bdi>{message.folder}</bdi>
          {message.date && (
            <>
              {' '}
              · <Ago at={message.date} />
            </>
          )}
        </span>
        {view.html !== null && view.text !== null && <Forms chosen={form} onChoose={setForm} />}
      </div>
      <MessageBody view={view} form={form} />
      <AttachmentList view={view} />
    </article>
  );
}

const FORMS = [
  { value: 'html', label: 'HTML' },
  { value: 'text', label: 'Plain text' },
] as const;

function Forms({ chosen, onChoose }: { chosen: string; onChoose: (form: 'html' | 'text') => void }) {
  return (
    <div className="chips" role="group" aria-label="Body">
      {FORMS.map(({ value, label }) => (
        <button
          key={value}
          type="button"
          className="chip"
          aria-pressed={chosen === value}
          onClick={() => onChoose(value)}
        >
          {label}
        </button>
      ))}
    </div>
  );
}
