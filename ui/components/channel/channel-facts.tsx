import type { ReactNode } from 'react';
import type { Channel } from '../../../api/schemas/channels.ts';
import type { TimelineEvent } from '../../../api/schemas/events.ts';
import { lifeLeft } from '../../words/time.ts';
import { needsSomeone } from '../../words/words.ts';
import { Ago, RefreshTime, useTime } from '../clock.tsx';
import { Copyable } from '../copyable.tsx';

const IMPORT_WORDS: Record<Channel['import'], string> = {
  continuous: 'Everything, as it comes',
  gap: 'Only what a breakage made us miss',
  off: 'Nothing',
};

const USE_WORDS: Record<Channel['uses'][number], string> = {
  read: 'reading mail',
  send: 'sending mail',
};

export function ChannelFacts({ channel, events }: { channel: Channel; events: TimelineEvent[] }) {
  return (
    <section aria-labelledby="facts" className="panel">
      <h2 id="facts">Connection</h2>
      <dl className="facts">
        <Fact term="Access">
          <Access channel={channel} events={events} />
        </Fact>
        <Fact term="Covered until">
          <Ago at={channel.covered_until} none="nothing yet" />
        </Fact>
        <Fact term="Last verified">
          <Ago at={channel.last_verified_at} />
        </Fact>
        <Fact term="Renewed">
          <span className="number">version {channel.credential_version}</span>
        </Fact>
        <Fact term="Used for">
          <Uses channel={channel} />
        </Fact>
        <Fact term="Imports">{IMPORT_WORDS[channel.import]}</Fact>
        {channel.owner && <Fact term="Owner">{channel.owner.name ?? channel.owner.email}</Fact>}
        <Fact term="Connected">
          <Ago at={channel.created_at} />
        </Fact>
        <Fact term="Id">
          <Copyable value={channel.id} label="channel id" />
        </Fact>
      </dl>
    </section>
  );
}

function Fact({ term, children }: { term: string; children: ReactNode }) {
  return (
    <div>
      <dt>{term}</dt>
      <dd>{children}</dd>
    </div>
  );
}

const inWords = (uses: Channel['uses']) => uses.map((use) => USE_WORDS[use]).join(' and ');

function Uses({ channel: { uses, missing_uses: missing, smtp } }: { channel: Channel }) {
  return (
    <>
      <span className="block">{uses.length === 0 ? 'nothing at present' : inWords(uses)}</span>
      {smtp && <span className="meta block">sent by {`${smtp.host}:${smtp.port}`}</span>}
      {missing.length > 0 && (
        <span className="meta">{inWords(missing)} was asked for, and is not allowed; a new sign-in asks again</span>
      )}
    </>
  );
}

const RENEWALS = new Set([
  'credential.refreshed',
  'channel.reauthorized',
  'channel.connected',
  'channel.access_changed',
]);

function Access({ channel, events }: { channel: Channel; events: TimelineEvent[] }) {
  if (channel.status === 'disconnected') return <>given back</>;
  if (channel.token_expires_at === null) {
    return <>{channel.credential_kind === 'password' ? 'A password; it needs no renewing' : 'No token yet'}</>;
  }
  const issued = events.find((event) => RENEWALS.has(event.type))?.at ?? null;
  return <TokenLife channel={channel} issuedAt={issued} expiresAt={channel.token_expires_at} />;
}

interface TokenProps {
  channel: Channel;
  /** When the token came, if the loaded part of the timeline tells. */
  issuedAt: string | null;
  expiresAt: string;
}

function TokenLife({ channel, issuedAt, expiresAt }: TokenProps) {
  const expired = useTime((now) => (Date.parse(expiresAt) <= now ? 1 : 0)) === 1;
  const percent = useTime((now) => (issuedAt === null ? -1 : Math.round(lifeLeft(issuedAt, expiresAt, now) * 100)));
  const refreshes = !needsSomeone(channel) && channel.status !== 'paused';
  return (
    <>
      <span className="block">
        {refreshes && channel.next_refresh_at ? <RefreshTime at={channel.next_refresh_at} /> : 'not refreshed now'}
      </span>
      {percent >= 0 && (
        <span
          className="bar"
          role="meter"
          aria-label="Token life left"
          aria-valuemin={0}
          aria-valuemax={100}
          aria-valuenow={percent}
        >
          <span style={{ width: `${percent}%` }} />
        </span>
      )}
      <span className="meta">
        token {expired ? 'ended' : 'ends'} <Ago at={expiresAt} />
      </span>
    </>
  );
}
