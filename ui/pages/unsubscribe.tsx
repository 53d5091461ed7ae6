import { useLayoutEffect, useState } from 'react';
import { Button } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useParams } from 'react-router';
import { localeOfTag } from '../../domain/locale.ts';
import type { Locale } from '../../domain/locale.ts';
import type { PageBranding } from '../../api/schemas/branding.ts';
import { Notice } from '../components/notice.tsx';
import { Wordmark } from '../components/wordmark.tsx';
import { call, ProblemError } from '../data/client.ts';
import { UNSUBSCRIBE_WORDS } from '../words/unsubscribe-words.ts';

/**
 * The page behind the last link of a mail. Programs that look through mails open every link, so opening it changes
 * nothing; its button does.
 */
export function UnsubscribePage() {
  const { token = '' } = useParams();
  const [locale] = useState(browserLocale);
  const branding = useQuery({ queryKey: ['page-branding'], queryFn: () => call<PageBranding>('GET', '/branding') });
  useLayoutEffect(() => {
    document.documentElement.lang = locale;
  }, [locale]);
  return (
    <main className="narrow connect">
      <div className="card">
        <Brand branding={branding.data} />
        <Question token={token} locale={locale} />
      </div>
    </main>
  );
}

function browserLocale(): Locale {
  for (const tag of navigator.languages) {
    const locale = localeOfTag(tag);
    if (locale !== null) return locale;
  }
  return 'en';
}

function Brand({ branding }: { branding: PageBranding | undefined }) {
  if (!branding?.name) return <Wordmark />;
  return <strong className="brand">{branding.name}</strong>;
}

function Question({ token, locale }: { token: string; locale: Locale }) {
  const words = UNSUBSCRIBE_WORDS[locale];
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
      <Button disabled={stop.isPending} onClick={() => stop.mutate()}>
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
