import type { Channel } from '../../../api/schemas/channels.ts';
import { describeSetAside } from '../../words/set-aside-words.ts';
import { Ago } from '../clock.tsx';

/** Folders and messages that are not read. Nothing where there is none. */
export function SetAsideList({ channel }: { channel: Channel }) {
  if (channel.set_aside.length === 0) return null;
  return (
    <section aria-labelledby="set-aside" className="panel">
      <h2 id="set-aside">Not read</h2>
      <dl className="facts">
        {channel.set_aside.map(({ folder, reason, count, since, retry_at: retryAt }) => (
          <div key={`${folder} ${reason}`}>
            <dt>
              <bdi>{folder}</bdi>
            </dt>
            <dd>
              {describeSetAside({ reason, count }, channel.access.provider)}
              <span className="meta block">
                since <Ago at={since} />
                {retryAt !== null && (
                  <>
                    , tried again <Ago at={retryAt} />
                  </>
                )}
              </span>
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
