import { Link } from 'react-router';
import type { Channel } from '../../../api/schemas/channels.ts';
import { explain, needsSomeone } from '../../words/words.ts';
import { Ago, RefreshTime, useTime } from '../clock.tsx';
import { StatusMark } from './status-mark.tsx';
import { LEFT, isOneOf } from '../../../domain/channel.ts';

/** One line per channel; on a narrow screen one card. */
export function ChannelTable({ channels }: { channels: Channel[] }) {
  return (
    <table className="channel-table">
      <thead>
        <tr>
          <th scope="col">Channel</th>
          <th scope="col">Status</th>
          <th scope="col">Access</th>
          <th scope="col">Covered until</th>
        </tr>
      </thead>
      <tbody>
        {channels.map((channel) => (
          <ChannelRow key={channel.id} channel={channel} />
        ))}
      </tbody>
    </table>
  );
}

function ChannelRow({ channel }: { channel: Channel }) {
  const over = isOneOf(LEFT, channel.status);
  return (
    <tr className={over ? 'row-over' : undefined}>
      <td>
        <Link className="row-link" to={`/channels/${channel.id}`}>
          {channel.account.email}
        </Link>
        <span className="meta">
          {channel.access.label} · {channel.tenant}
          {channel.kind === 'shared' && ' · shared'}
        </span>
      </td>
      <td>
        <StatusMark status={channel.status} />
        <span className="meta">
          since <Ago at={channel.status_since} />
          {(needsSomeone(channel) || channel.status === 'degraded') && <>. {explain(channel).cause}</>}
        </span>
      </td>
      <td className="cell-access">{over ? <span className="meta">given back</span> : <Access channel={channel} />}</td>
      <td className="cell-covered">
        <Covered channel={channel} />
      </td>
    </tr>
  );
}

function Access({ channel }: { channel: Channel }) {
  if (channel.token_expires_at === null) {
    return (
      <>
        <span>{channel.credential_kind === 'password' ? 'Password' : 'No token yet'}</span>
        <span className="meta">
          checked <Ago at={channel.last_verified_at} />
        </span>
      </>
    );
  }
  return (
    <>
      {channel.next_refresh_at && !needsSomeone(channel) ? (
        <RefreshTime at={channel.next_refresh_at} />
      ) : (
        <span>not refreshed</span>
      )}
      <Expiry at={channel.token_expires_at} />
    </>
  );
}

function Expiry({ at }: { at: string }) {
  const verb = useTime((now) => (Date.parse(at) > now ? 'token ends' : 'token ended'));
  return (
    <span className="meta">
      {verb} <Ago at={at} />
    </span>
  );
}

function Covered({ channel }: { channel: Channel }) {
  return (
    <>
      <span className="narrow-label">covered until </span>
      <Ago at={channel.covered_until} none="nothing yet" />
      {channel.import_state === 'catching_up' && !needsSomeone(channel) && <span className="meta">catching up</span>}
      {channel.import_state === 'stalled' && <span className="meta">import is stuck</span>}
    </>
  );
}
