import type { Channel } from '../../../../api/schemas/channels.ts';
import type { Link } from '../../../../api/schemas/links.ts';
import { Ahead } from '../../clock.tsx';
import { Copyable } from '../../copyable.tsx';

/** A link to change the access, for another person: to copy, or in a mail of one's own. */
export function LinkToSend({ channel, link }: { channel: Channel; link: Link }) {
  const recipient = channel.owner?.email ?? channel.account.login;
  const mail = new URLSearchParams({
    subject: `Please change how ${channel.account.email} is connected`,
    body: `This page asks how the account is reached from now on, and says what will happen:\n\n${link.url}\n`,
  });
  return (
    <p className="owner-link" role="status">
      Send this to {recipient}; it needs no login here and ends <Ahead at={link.expires_at} />:{' '}
      <Copyable value={link.url} label="link to change the access" />{' '}
      <a href={`mailto:${encodeURIComponent(recipient)}?${mail.toString().replaceAll('+', '%20')}`}>Write the mail</a>
    </p>
  );
}
