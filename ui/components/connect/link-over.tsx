import { useMutation } from '@tanstack/react-query';
import { Button } from '@mantine/core';
import { isHelpedBySignIn } from '../../../domain/channel.ts';
import { isSilence } from '../../data/client.ts';
import { renewLink } from '../../data/link-queries.ts';
import type { LinkState } from '../../data/link-state.ts';
import type { ConnectSession } from '../../../api/schemas/connect.ts';
import type { ConnectWords, Titled } from '../../words/connect/shape.ts';
import { Notice } from '../notice.tsx';
import { PageHeading } from './page-heading.tsx';
import { Address, Sentence } from './sentence.tsx';
import { useWords } from './speaking.tsx';

type OverState = Exclude<LinkState, 'open' | 'connected'>;

const WORDS: Record<OverState, keyof ConnectWords['over']> = {
  used: 'used',
  used_broken: 'usedBroken',
  repaired: 'repaired',
  disconnected: 'disconnected',
  expired: 'expired',
};

/** A link that is good for nothing any more: why, and what to do. */
export function LinkOver({ link, session, state }: { link: string; session: ConnectSession; state: OverState }) {
  const { words } = useWords();
  const { title, sentence } = words.over[WORDS[state]] as Titled;
  const { channel } = session;
  const account = channel?.account.email;
  const isRenewable =
    state === 'used_broken' || (state === 'expired' && (channel === null || isHelpedBySignIn(channel)));
  const parts = { tenant: <strong>{session.display_name}</strong>, account: account && <Address>{account}</Address> };
  return (
    <>
      <PageHeading title={title} />
      {state === 'repaired' ? (
        <Notice tone="good">
          <Sentence text={sentence} parts={parts} />
        </Notice>
      ) : (
        <p>
          <Sentence text={sentence} parts={parts} />
        </p>
      )}
      {isRenewable && <RenewLink link={link} session={session} />}
      {(state === 'repaired' || state === 'disconnected') && <p className="hint">{words.page.closePage}</p>}
    </>
  );
}

/** Asks for a new link. The answer tells nothing about the link, so the words do not either. */
function RenewLink({ link, session }: { link: string; session: ConnectSession }) {
  const { words, say } = useWords();
  const renew = useMutation({ mutationFn: () => renewLink(link) });
  const tenant = <strong>{session.display_name}</strong>;
  if (renew.isSuccess) {
    return (
      <Notice tone="good" title={words.over.renewed.title}>
        {words.over.renewed.sentence}
      </Notice>
    );
  }
  return (
    <>
      {renew.error && <Notice tone="bad">{renewFailure()}</Notice>}
      <Button fullWidth size="md" disabled={renew.isPending} onClick={() => renew.mutate()}>
        {renew.isPending ? words.over.renewing : words.over.renew}
      </Button>
      <p className="hint">
        <Sentence text={words.over.orAsk} parts={{ tenant }} />
      </p>
    </>
  );

  function renewFailure(): string {
    if (!isSilence(renew.error)) return words.failed.unknown.sentence;
    return say(words.failures[renew.error.problem.code === 'offline' ? 'offline' : 'mooring_unreachable'].sentence);
  }
}

export function UnknownLink() {
  const { words } = useWords();
  const { title, sentence } = words.over.unknown;
  return (
    <>
      <PageHeading title={title} />
      <p>{sentence}</p>
    </>
  );
}
