import { Button } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { requestNotices } from '../../data/notice-queries.ts';
import type { Channel } from '../../../api/schemas/channels.ts';
import type { RequestedNotices } from '../../../api/schemas/notices.ts';
import { SKIP_WORDS } from '../../words/notice-words.ts';
import { count, plural } from '../../words/time.ts';
import { Notice, ProblemNotice } from '../notice.tsx';

interface RemindProps {
  /** The selected ones. */
  channels: Channel[];
  /** Every channel of the list, also to name those that were skipped. */
  known: Channel[];
  onSelect: (ids: ReadonlySet<string>) => void;
}

/** What can be done with the selected channels at once, and what came of it. */
export function RemindBar({ channels, known, onSelect }: RemindProps) {
  const client = useQueryClient();
  const clear = () => onSelect(new Set());
  const remind = useMutation({
    mutationFn: requestNotices,
    onSuccess: async () => {
      clear();
      await client.invalidateQueries({ queryKey: ['notices'] });
    },
  });
  return (
    <>
      {remind.data && <Outcome answer={remind.data} known={known} onDone={() => remind.reset()} />}
      {remind.error && <ProblemNotice error={remind.error} />}
      {channels.length > 0 && (
        <div className="remind-bar" role="region" aria-label="Selected channels">
          <span className="number">{plural(channels.length, 'channel')} selected</span>
          <Button disabled={remind.isPending} onClick={() => remind.mutate(channels.map(({ id }) => id))}>
            {remind.isPending ? 'Reminding…' : 'Remind now'}
          </Button>
          {channels.length < known.length && (
            <Button
              variant="default"
              disabled={remind.isPending}
              onClick={() => onSelect(new Set(known.map(({ id }) => id)))}
            >
              Select all {count(known.length)}
            </Button>
          )}
          <Button variant="default" disabled={remind.isPending} onClick={clear}>
            Clear
          </Button>
        </div>
      )}
    </>
  );
}

interface OutcomeProps {
  answer: RequestedNotices;
  known: Channel[];
  onDone: () => void;
}

function Outcome({ answer: { sent, held, skipped }, known, onDone }: OutcomeProps) {
  const parts = [
    ...(sent > 0 ? [`${plural(sent, 'mail')} on the way`] : []),
    ...(held > 0 ? [`${plural(held, 'mail')} waiting for the end of quiet hours or for others to share`] : []),
    ...(skipped.length > 0 ? [`${plural(skipped.length, 'channel')} left out`] : []),
  ];
  const emailOf = (id: string) => known.find((one) => one.id === id)?.account.email ?? id;
  return (
    <div className="remind-outcome">
      <Notice tone={sent + held > 0 ? 'good' : 'warn'} title={parts.join(', ') || 'No mail was needed'}>
        {skipped.length > 0 && (
          <ul>
            {skipped.map(({ channel, why }) => (
              <li key={channel}>
                <span className="address">{emailOf(channel)}</span>: {SKIP_WORDS[why]}
              </li>
            ))}
          </ul>
        )}
        <button type="button" className="link-button" onClick={onDone}>
          Close
        </button>
      </Notice>
    </div>
  );
}
