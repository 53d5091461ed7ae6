import { useEffect, useRef, useState } from 'react';
import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { Link } from 'react-router';
import type { Channel } from '../../../api/schemas/channels.ts';
import { explain, needsSomeone } from '../../words/words.ts';
import { Ago, RefreshTime, useTime } from '../clock.tsx';
import { StatusMark } from '../channel/status-mark.tsx';
import { LEFT, isOneOf } from '../../../domain/channel.ts';

interface Selection {
  ids: ReadonlySet<string>;
  set: (ids: ReadonlySet<string>) => void;
}

interface TableProps {
  channels: Channel[];
  selection: Selection;
  /** Loads the next page; null: everything is here. */
  onMore: (() => void) | null;
}

/** Rows beyond the window that are drawn all the same, so that scrolling meets no blank. */
const OVERSCAN = 12;
/** So many rows before the end the next page is asked for. */
const AHEAD = 30;

/** One line per channel; on a narrow screen one card. Rows out of sight are not drawn: a list may have thousands. */
export function ChannelTable({ channels, selection, onMore }: TableProps) {
  const body = useRef<HTMLTableSectionElement>(null);
  const [isNarrow] = useState(() => window.innerWidth < 720);
  const virtual = useWindowVirtualizer({
    count: channels.length,
    getItemKey: (index) => channels[index]!.id,
    estimateSize: () => (isNarrow ? 130 : 70),
    overscan: OVERSCAN,
    scrollMargin: body.current?.offsetTop ?? 0,
  });
  const drawn = virtual.getVirtualItems();
  const above = (drawn[0]?.start ?? 0) - virtual.options.scrollMargin;
  const below = virtual.getTotalSize() + virtual.options.scrollMargin - (drawn.at(-1)?.end ?? 0);
  const isNearEnd = (drawn.at(-1)?.index ?? 0) >= channels.length - AHEAD;
  useEffect(() => {
    if (isNearEnd) onMore?.();
  }, [isNearEnd, onMore]);
  return (
    <table className="channel-table" aria-rowcount={onMore === null ? channels.length + 1 : -1}>
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
      <tbody ref={body}>
        <Space height={above} />
        {drawn.map(({ index, key }) => (
          <ChannelRow
            key={key}
            index={index}
            measure={virtual.measureElement}
            channel={channels[index]!}
            selection={selection}
          />
        ))}
        <Space height={below} />
      </tbody>
    </table>
  );
}

/** The place of the rows that are not drawn. */
const Space = ({ height }: { height: number }) =>
  height > 0 ? (
    <tr aria-hidden className="row-space">
      <td colSpan={5} style={{ height }} />
    </tr>
  ) : null;

function SelectAll({ channels, selection }: Omit<TableProps, 'onMore'>) {
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
  index: number;
  measure: (row: HTMLTableRowElement | null) => void;
  selection: Selection;
}

function ChannelRow({ channel, index, measure, selection }: RowProps) {
  const over = isOneOf(LEFT, channel.status);
  const toggle = () => {
    const ids = new Set(selection.ids);
    if (!ids.delete(channel.id)) ids.add(channel.id);
    selection.set(ids);
  };
  return (
    // The heading is the first row.
    <tr ref={measure} data-index={index} aria-rowindex={index + 2} className={over ? 'row-over' : undefined}>
      <td className="cell-select">
        <input
          type="checkbox"
          aria-label={`Select ${channel.account.email}`}
          checked={selection.ids.has(channel.id)}
          onChange={toggle}
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
