import { Link } from 'react-router';
import type { Channel } from '../../../api/schemas/channels.ts';
import { explain, needsSomeone } from '../../words/words.ts';
import { Ago, RefreshTime, useTime } from '../clock.tsx';
import { StatusMark } from './status-mark.tsx';
import { LEFT, isOneOf } from '../../../domain/channel.ts';

interface Selection {
  ids: ReadonlySet<string>;
  set: (ids: ReadonlySet<string>) => void;
}

interface TableProps {
  channels: Channel[];
  selection: Selection;
}

/** One line per channel; on a narrow screen one card. */
export function ChannelTable({ channels, selection }: TableProps) {
  const toggle = (id: string) => {
    const ids = new Set(selection.ids);
    if (!ids.delete(id)) ids.add(id);
    selection.set(ids);
  };
  return (
    <table className="channel-table">
      <thead>
        <tr>
          <th scope="col" className="cell-select">
            <SelectAll channels={channels} selection={selection} />
          </th>
          <th scope="col">Channel</th>
          <th scope="col">Status</th>
          <th scope="col">Access</th>
          <th scope="col">Covered until</th>
        </tr>
      </thead>
      <tbody>
        {channels.map((channel) => (
          <ChannelRow
            key={channel.id}
            channel={channel}
            isSelected={selection.ids.has(channel.id)}
            onSelect={() => toggle(channel.id)}
          />
        ))}
      </tbody>
    </table>
  );
}

function SelectAll({ channels, selection }: TableProps) {
  const chosen = channels.filter(({ id }) => selection.ids.has(id)).length;
  const isAll = chosen === channels.length;
  return (
    <input
      type="checkbox"
      aria-label="Select all channels of this list"
      checked={isAll}
      ref={(box) => {
        if (box) box.indeterminate = chosen > 0 && !isAll;
      }}
      onChange={() => selection.set(new Set(isAll ? [] : channels.map(({ id }) => id)))}
    />
  );
}

interface RowProps {
  channel: Channel;
  isSelected: boolean;
  onSelect: () => void;
}

function ChannelRow({ channel, isSelected, onSelect }: RowProps) {
  const over = isOneOf(LEFT, channel.status);
  return (
    <tr className={over ? 'row-over' : undefined}>
      <td className="cell-select">
        <input
          type="checkbox"
          aria-label={`Select ${channel.account.email}`}
          checked={isSelected}
          onChange={onSelect}
        />
      </td>
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
