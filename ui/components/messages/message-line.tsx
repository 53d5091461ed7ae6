import { Link } from 'react-router';
import type { Message } from '../../../api/schemas/messages.ts';
import { subjectWords } from '../../words/subject.ts';
import { Ago } from '../clock.tsx';

/** A message in a list. */
export function MessageLine({ message }: { message: Message }) {
  return (
    <li>
      <Link className="message-subject" to={`/messages/${message.id}`}>
        <bdi>{subjectWords(message.subject)}</bdi>
      </Link>
      <span className="meta message-from">
        <bdi>{message.from ? message.from.name || message.from.email : 'unknown sender'}</bdi> ·{' '}
        <bdi>{message.folder}</bdi>
      </span>
      {message.backfilled && <span className="meta message-missed">was missed</span>}
      <span className="meta">
        <Ago at={message.stored_at} />
      </span>
    </li>
  );
}
