import { Button } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useParams } from 'react-router';
import type { PageBranding } from '../../api/schemas/branding.ts';
import { PageFrame } from '../components/connect/page-frame.tsx';
import { useWords } from '../components/connect/speaking.tsx';
import { Notice } from '../components/notice.tsx';
import { call, ProblemError } from '../data/client.ts';
import { UNSUBSCRIBE_WORDS } from '../words/unsubscribe-words.ts';

/**
 * The page behind the last link of a mail. Programs that look through mails open every link, so opening it changes
 * nothing; its button does.
 */
export function UnsubscribePage() {
  const { token = '' } = useParams();
  const branding = useQuery({ queryKey: ['page-branding'], queryFn: () => call<PageBranding>('GET', '/branding') });
  return (
    <PageFrame branding={branding.data}>
      <Question token={token} />
    </PageFrame>
  );
}

function Question({ token }: { token: string }) {
  const words = UNSUBSCRIBE_WORDS[useWords().locale];
  const stop = useMutation({ mutationFn: () => call('POST', `/unsubscribe/${encodeURIComponent(token)}`) });
  if (stop.isSuccess) return <Outcome {...words.done} />;
  if (isUnknown(stop.error)) return <Outcome {...words.unknown} />;
  return (
    <>
      <title>{words.title}</title>
      <h1>{words.title}</h1>
      <p>{words.about}</p>
      <p>{words.means}</p>
      {stop.error && <Notice tone="bad">{words.failed}</Notice>}
      <Button fullWidth size="md" disabled={stop.isPending} onClick={() => stop.mutate()}>
        {stop.isPending ? words.working : words.button}
      </Button>
    </>
  );
}

function Outcome({ title, text }: { title: string; text: string }) {
  return (
    <div role="status">
      <title>{title}</title>
      <h1>{title}</h1>
      <p>{text}</p>
    </div>
  );
}

function isUnknown(error: unknown): boolean {
  return error instanceof ProblemError && [404, 410].includes(error.problem.status);
}
