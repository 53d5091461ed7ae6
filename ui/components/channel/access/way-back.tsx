import { useState } from 'react';
import { Button, Modal } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { Channel } from '../../../../api/schemas/channels.ts';
import { call } from '../../../data/client.ts';
import { storeChannel } from '../../../data/queries.ts';
import { accessLabel } from '../../../words/access-words.ts';
import { Ahead, useTime } from '../../clock.tsx';
import { ProblemNotice } from '../../notice.tsx';

type Previous = NonNullable<Channel['previous_access']>;

/** For an hour after a change of the access: the way back, and the time that is left for it. */
export function WayBack({ channel }: { channel: Channel }) {
  const { previous_access: previous } = channel;
  const isOver = useTime((now) => (previous === null || Date.parse(previous.until) <= now ? 1 : 0)) === 1;
  return previous === null || isOver ? null : <OpenWayBack channel={channel} previous={previous} />;
}

/** The access types alone do not tell a former server of the same type apart. */
function namesOf(channel: Channel, previous: Previous): { before: string; now: string } {
  const now = channel.access.label;
  if (previous.access_type !== channel.access_type) return { before: accessLabel(previous.access_type), now };
  return { before: `the former ${now}`, now: `the new ${now}` };
}

function OpenWayBack({ channel, previous }: { channel: Channel; previous: Previous }) {
  const [isAsking, setAsking] = useState(false);
  const { before } = namesOf(channel, previous);
  return (
    <section className="way-back" aria-label="Way back">
      <p>
        The access has changed. The one by {before} rests unused and ends <Ahead at={previous.until} />; until then you
        can go back to it.
      </p>
      <Button variant="default" onClick={() => setAsking(true)}>
        Back to {before}
      </Button>
      <ConfirmDialog channel={channel} previous={previous} opened={isAsking} onClose={() => setAsking(false)} />
    </section>
  );
}

interface ConfirmProps {
  channel: Channel;
  previous: Previous;
  opened: boolean;
  onClose: () => void;
}

/** The way back is one step: no way leads to the access that it leaves. */
function ConfirmDialog({ channel, previous, opened, onClose }: ConfirmProps) {
  const client = useQueryClient();
  const { before, now } = namesOf(channel, previous);
  const revert = useMutation({
    mutationFn: () => call<Channel>('POST', `/v1/channels/${encodeURIComponent(channel.id)}/revert-access`),
    onSuccess: (answer) => {
      onClose();
      storeChannel(client, answer);
      void client.invalidateQueries({ queryKey: ['imports', channel.id] });
    },
  });
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={`Back to ${before}?`}
      centered
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <div className="stack">
        <p>
          The channel is reached by {before} again, with its history and settings; what came meanwhile is compared. The
          access by {now} is ended, and there is no way back to it.
        </p>
        {revert.error && <ProblemNotice error={revert.error} />}
        <div className="actions">
          <Button disabled={revert.isPending} onClick={() => revert.mutate()}>
            {revert.isPending ? 'Going back…' : `Back to ${before}`}
          </Button>
          <Button variant="default" data-autofocus onClick={onClose}>
            Keep {now}
          </Button>
        </div>
      </div>
    </Modal>
  );
}
