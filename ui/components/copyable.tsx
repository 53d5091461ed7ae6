import { useState } from 'react';

interface CopyableProps {
  value: string;
  /** What it is, for those who cannot see it: "error code". */
  label: string;
  /** Shown instead of the value. */
  children?: string;
  /** On pages in other languages; `{what}` stands for the label. */
  words?: { copy: string; copied: string };
}

const ENGLISH = { copy: 'Copy {what}', copied: 'Copied' };

/** A code, id or address that is copied by a click. */
export function Copyable({ value, label, children, words = ENGLISH }: CopyableProps) {
  const says = words.copy.replace('{what}', label);
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(value);
    setCopied(true);
    window.setTimeout(() => setCopied(false), 2_000);
  };
  // The button keeps its name; the outcome of a copy is a text of its own.
  return (
    <span className="copyable-row">
      <button
        type="button"
        className="copyable"
        title={says}
        aria-label={`${says} ${children ?? value}`}
        // Without a clipboard (plain HTTP) the text can still be selected by hand.
        onClick={() => void copy().catch(() => setCopied(false))}
      >
        <code>{children ?? value}</code>
      </button>
      {copied && (
        <span className="copied" role="status">
          {words.copied}
        </span>
      )}
    </span>
  );
}
