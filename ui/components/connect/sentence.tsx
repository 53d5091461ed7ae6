import { Fragment } from 'react';
import type { ReactNode } from 'react';
import { useWords } from './speaking.tsx';

interface SentenceProps {
  text: string;
  /** What stands for the `{names}`; `product` need not be given. */
  parts?: Record<string, ReactNode>;
}

/** A sentence whose filled-in parts are more than text: a name in bold, an address that may break anywhere. */
export function Sentence({ text, parts = {} }: SentenceProps) {
  const { product } = useWords();
  const given: Record<string, ReactNode> = { product, ...parts };
  // Every second piece is a name.
  return text.split(/\{(\w+)\}/).map((piece, at) => (
    // oxlint-disable-next-line react/no-array-index-key -- the pieces of one sentence never change places
    <Fragment key={at}>{at % 2 === 0 ? piece : (given[piece] ?? '')}</Fragment>
  ));
}

export function Address({ children }: { children: string }) {
  return <strong className="address">{children}</strong>;
}
