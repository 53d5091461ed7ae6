import { useEffect, useRef } from 'react';
import type { ReactNode } from 'react';
import { useWords } from './speaking.tsx';

/** The heading that the page was opened with keeps the focus where the browser put it. */
let isFirst = true;

/** The heading of what a page has become, and its title. A later one takes the focus, so that a screen reader reads on there. */
export function PageHeading({ title, children }: { title: string; children?: ReactNode }) {
  const { product } = useWords();
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (!isFirst) heading.current?.focus();
    isFirst = false;
  }, []);
  return (
    <>
      <title>{`${title} – ${product}`}</title>
      <h1 ref={heading} tabIndex={-1}>
        {children ?? title}
      </h1>
    </>
  );
}
