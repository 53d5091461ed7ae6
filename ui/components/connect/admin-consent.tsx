import type { ConnectSession } from '../../../api/schemas/connect.ts';
import { Copyable } from '../copyable.tsx';
import { useWords } from './speaking.tsx';

/** What to hand over where the organization's consent is missing; the person signs in again afterwards. */
export function AdminConsent({ url, session }: { url: string; session: ConnectSession }) {
  const { words, say, moment } = useWords();
  const { admin, page } = words;
  const subject = say(admin.subject);
  const body = say(admin.body, { tenant: session.display_name, url });
  const mail = `mailto:?subject=${encodeURIComponent(subject)}&body=${encodeURIComponent(body)}`;
  return (
    <section className="stack" aria-labelledby="admin-consent">
      <h2 id="admin-consent">{admin.heading}</h2>
      <p>
        {admin.handOver}{' '}
        <Copyable value={url} label={admin.link} words={page}>
          {`${new URL(url).host}/…/adminconsent`}
        </Copyable>
      </p>
      <p className="link-row">
        <a href={mail}>{admin.write}</a>
        <a href={url}>{admin.isMe}</a>
      </p>
      <p className="hint">{say(admin.wait, { when: moment(session.expires_at) })}</p>
    </section>
  );
}
