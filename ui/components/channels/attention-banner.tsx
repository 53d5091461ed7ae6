import { Link } from 'react-router';
import type { Channel } from '../../../api/schemas/channels.ts';
import { count, plural } from '../../words/time.ts';
import { explain } from '../../words/words.ts';
import { Ago } from '../clock.tsx';
import { ChangeAccessButton } from '../channel/access/change-button.tsx';
import { MissedWords, StatusCode } from '../channel/missed-words.tsx';
import { ReauthorizeButton } from '../channel/reauthorize-button.tsx';
import { StatusShape } from '../channel/status-mark.tsx';

const SHOWN = 4;

/** The channels that need a person, at the top of the list: what, since when, why, who, what was missed, and the button. */
export function AttentionBanner({ channels, onShowAll }: { channels: Channel[]; onShowAll: () => void }) {
  if (channels.length === 0) return null;
  return (
    <section className="banner" role="alert" aria-label="Channels that need someone">
      <h2>
        {channels.length === 1 ? 'One channel needs someone' : `${plural(channels.length, 'channel')} need someone`}
      </h2>
      <ul>
        {channels.slice(0, SHOWN).map((channel) => (
          <BannerItem key={channel.id} channel={channel} />
        ))}
      </ul>
      {channels.length > SHOWN && (
        <button type="button" className="link-button" onClick={onShowAll}>
          Show {count(channels.length - SHOWN)} more
        </button>
      )}
    </section>
  );
}

function BannerItem({ channel }: { channel: Channel }) {
  const { cause, next, who } = explain(channel);
  const describedBy = `banner-${channel.id}`;
  return (
    <li>
      <StatusShape status={channel.status} />
      <div className="banner-words">
        <p id={describedBy}>
          <Link to={`/channels/${channel.id}`}>{channel.account.email}</Link>
          <span className="banner-cause">
            {cause} {next}
          </span>
        </p>
        <p className="meta">
          Since <Ago at={channel.status_since} />
          {who && <> · {who} must act</>}
          <MissedWords channel={channel} />
          <StatusCode channel={channel} />
        </p>
      </div>
      {channel.status === 'reauth_required' && (
        <div className="banner-action">
          {channel.action === 'change_access' ? (
            <ChangeAccessButton channel={channel} prominent />
          ) : (
            <ReauthorizeButton channel={channel} prominent describedBy={describedBy} />
          )}
        </div>
      )}
    </li>
  );
}
