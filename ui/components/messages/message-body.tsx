import type { MessageView } from '../../../api/schemas/messages.ts';
import { plural } from '../../words/time.ts';
import { Notice } from '../notice.tsx';

/** The body. The server has taken out what acts; should anything be left, the frame runs, sends and loads nothing. */
export function MessageBody({ view, form }: { view: MessageView; form: 'html' | 'text' }) {
  const { readable, html, text } = view;
  if (!readable) {
    return (
      <Notice tone="warn">This message is too large or too strange to be shown here. It can be saved whole.</Notice>
    );
  }
  return (
    <>
      {form === 'html' && view.remote_images > 0 && (
        <p className="hint">
          {plural(view.remote_images, 'picture')} elsewhere {view.remote_images === 1 ? 'is' : 'are'} not loaded: the
          sender would learn that the message was read.
        </p>
      )}
      {view.cut && <p className="hint">The message is very long; this is its beginning.</p>}
      {form === 'html' && html !== null ? (
        <iframe className="outbox-mail message-frame" title="The message" sandbox="" srcDoc={framed(html)} />
      ) : (
        <pre className="panel outbox-text">{text ?? 'No text.'}</pre>
      )}
    </>
  );
}

const POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";
const LOOKS =
  'body{margin:1rem;font:15px/1.5 system-ui,sans-serif;overflow-wrap:anywhere;background:#fff;color:#1a2126}' +
  'img{max-width:100%;height:auto}.link{text-decoration:underline dotted}';

const framed = (html: string) =>
  `<!doctype html><html><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${POLICY}">` +
  `<meta name="referrer" content="no-referrer"><style>${LOOKS}</style></head><body>${html}</body></html>`;
