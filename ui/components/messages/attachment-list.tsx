import type { MessageView } from '../../../api/schemas/messages.ts';
import { size } from '../../words/size.ts';

/** What can be saved of a message: its attachments, and the whole of it. */
export function AttachmentList({ view: { message, attachments } }: { view: MessageView }) {
  const address = `/v1/messages/${message.id}`;
  const ending = message.media_type === 'application/json' ? 'json' : 'eml';
  return (
    <section className="panel" aria-labelledby="files">
      <h2 id="files">Files</h2>
      <ul className="attachments">
        {attachments.map(({ number, name, media_type: type, size: bytes }) => (
          <li key={number}>
            <a href={`${address}/attachments/${number}`} download={name ?? `attachment-${number}`}>
              <bdi>{name ?? `Attachment ${number}`}</bdi>
            </a>{' '}
            <span className="meta">
              {type} · {size(bytes)}
            </span>
          </li>
        ))}
        <li>
          <a href={`${address}/raw`} download={`${message.id}.${ending}`}>
            The whole message
          </a>{' '}
          <span className="meta">
            {message.media_type} · {size(message.size)}
          </span>
        </li>
      </ul>
    </section>
  );
}
