import { useEffect } from 'react';
import { Button } from '@mantine/core';
import { useSearchParams } from 'react-router';
import type { ConnectSession } from '../../../api/schemas/connect.ts';
import { pageLeft, productPage, returnAddressOf, tellProduct } from '../../data/product-page.ts';
import { WAY_BACK_WORDS } from '../../words/way-back-words.ts';
import { useWords } from './speaking.tsx';

/** For a link that a page of the product opened: tells that page of each result, and leads back to it. */
export function WayBack({ link, session }: { link: string; session: ConnectSession }) {
  const { origin, result } = session;
  const { locale } = useWords();
  const [outcome] = useSearchParams();
  useEffect(() => {
    if (origin === null || result === null) return;
    tellProduct(session, result);
    // Without a window that opened it, the link ends as any other: the callback left that to this page.
    const target = productPage(session) ? null : returnAddressOf(session, outcome);
    if (target !== null) window.location.replace(target);
  }, [origin, result, session, outcome]);

  const page = pageLeft(link, session);
  if (result?.status !== 'connected') return null;
  const words = WAY_BACK_WORDS[locale];
  if (productPage(session)) return <Button onClick={() => window.close()}>{words.close}</Button>;
  if (page === null) return null;
  return (
    <Button component="a" href={page}>
      {words.back(new URL(page).host)}
    </Button>
  );
}
