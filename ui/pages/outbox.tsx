import { Button } from '@mantine/core';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Link, useParams } from 'react-router';
import '../styles/outbox.css';
import { Ago } from '../components/clock.tsx';
import { Loading } from '../components/loading.tsx';
import { keptMailQuery, outboxQuery } from '../data/outbox-queries.ts';
import type { KeptMail, KeptMailContent } from '../../api/outbox/schemas.ts';

/** Mails that were kept because no mail server is configured. */
export function OutboxPage() {
  const mails = useInfiniteQuery(outboxQuery);
  const rows = mails.data?.pages.flatMap((page) => page.data) ?? [];
  return (
    <>
      <title>Outbox – Mooring</title>
      <div className="page-head">
        <h1>Outbox</h1>
      </div>
      <p className="lead">
        No mail server is configured, so mails are kept here for 30 days and none is sent. Set <code>SMTP_URL</code> and{' '}
        <code>MAIL_FROM</code> to send them.
      </p>
      <Loading query={mails}>Loading the mails…</Loading>
      {mails.data && rows.length === 0 && (
        <p className="empty">No mail yet. One appears here when a channel needs a person.</p>
      )}
      {rows.length > 0 && (
        <ul className="outbox" aria-label="Mails, newest first">
          {rows.map((mail) => (
            <Row key={mail.id} mail={mail} />
          ))}
        </ul>
      )}
      {mails.hasNextPage && (
        <Button variant="default" disabled={mails.isFetchingNextPage} onClick={() => void mails.fetchNextPage()}>
          {mails.isFetchingNextPage ? 'Loading older mails…' : 'Older mails'}
        </Button>
      )}
    </>
  );
}

function Row({ mail }: { mail: KeptMail }) {
  return (
    <li>
      <Link to={`/outbox/${mail.id}`} className="outbox-subject">
        {mail.subject}
      </Link>
      <span className="meta">
        to <span className="address">{mail.to.email}</span> · {mail.tenant} · <Ago at={mail.at} />
      </span>
    </li>
  );
}

/** One kept mail, as its recipient would see it. */
export function OutboxMailPage() {
  const { id = '' } = useParams();
  const mail = useQuery(keptMailQuery(id));
  return (
    <>
      <title>Mail – Mooring</title>
      <nav aria-label="Breadcrumb" className="breadcrumb">
        <Link to="/outbox">Outbox</Link>
      </nav>
      <Loading query={mail}>Opening the mail…</Loading>
      {mail.data && <Content mail={mail.data} />}
    </>
  );
}

const BODIES = [
  { value: 'html', label: 'HTML' },
  { value: 'text', label: 'Plain text' },
];

function Content({ mail }: { mail: KeptMailContent }) {
  const [body, setBody] = useState('html');
  return (
    <article aria-labelledby="subject">
      <h1 id="subject" className="outbox-title">
        {mail.subject}
      </h1>
      <div className="outbox-about">
        <span className="meta">
          to <span className="address">{mail.to.name ? `${mail.to.name} <${mail.to.email}>` : mail.to.email}</span> ·{' '}
          {mail.tenant} · <Ago at={mail.at} />
        </span>
        <div className="chips" role="group" aria-label="Body">
          {BODIES.map(({ value, label }) => (
            <button
              key={value}
              type="button"
              className="chip"
              aria-pressed={body === value}
              onClick={() => setBody(value)}
            >
              {label}
            </button>
          ))}
        </div>
      </div>
      {body === 'html' ? (
        <iframe
          className="outbox-mail"
          title="The mail"
          sandbox="allow-popups allow-popups-to-escape-sandbox"
          srcDoc={openingTabs(mail.html)}
        />
      ) : (
        <pre className="panel outbox-text">{mail.text}</pre>
      )}
      <details className="more">
        <summary>Header fields</summary>
        <dl className="outbox-headers">
          {Object.entries(mail.headers).map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      </details>
    </article>
  );
}

/** A link of the mail opens a tab of its own; in the frame itself nothing can be opened. */
const openingTabs = (html: string) => html.replace('<head>', '<head><base target="_blank">');
