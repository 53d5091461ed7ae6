import type { Channel } from '../../../api/schemas/channels.ts';
import { NoticeList } from './notice-list.tsx';
import '../../styles/notices.css';

/** Who was told of this channel's troubles, on the channel's own page. */
export function ChannelNotices({ channel }: { channel: Channel }) {
  return (
    <section aria-labelledby="told" className="panel">
      <h2 id="told">Who was told</h2>
      <NoticeList
        filter={{ channel: channel.id }}
        none="No one so far. When this channel needs a person, the mails show here."
      />
    </section>
  );
}
