import type { Channel } from '../../../api/schemas/channels.ts';
import { REVOCATION_WORDS } from '../../words/event-words.ts';
import { explain, needsSomeone, STATUS_WORDS } from '../../words/words.ts';
import { MissedWords, StatusCode } from './missed-words.tsx';
import { Ago } from '../clock.tsx';
import { StatusMark } from './status-mark.tsx';

/** The channel's state in words: what, since when, why, who must act, what was missed. */
export function ChannelState({ channel }: { channel: Channel }) {
  const { cause, next, who } = explain(channel);
  const urgent = needsSomeone(channel);
  return (
    <section
      className={`state state-${STATUS_WORDS[channel.status].tone}`}
      role={urgent ? 'alert' : 'status'}
      aria-label="State of the channel"
    >
      <h2>
        <StatusMark status={channel.status} />
        <span className="since">
          since <Ago at={channel.status_since} />
        </span>
      </h2>
      <p className="state-words">
        {cause} {next}
      </p>
      {channel.status === 'disconnected' && <Revocation channel={channel} />}
      {(urgent || channel.status === 'degraded') && (
        <p className="meta">
          {who ? `${who} must act` : 'No action is needed'}
          {urgent && <MissedWords channel={channel} />}
          <StatusCode channel={channel} />
        </p>
      )}
    </section>
  );
}

function Revocation({ channel }: { channel: Channel }) {
  const words = REVOCATION_WORDS[channel.revocation ?? ''];
  if (!words) return null;
  return (
    <p>
      {words} {channel.revocation !== 'done' && channel.revocation_help}
    </p>
  );
}
