import { useState } from 'react';

interface CopyableProps {
  value: string;
  /** What it is, for those who cannot see it: "error code". */
  label: string;
  /** Shown instead of the value. */
  children?: string;
}

/** A code, id or address that is copied by a click. */
export function Copyable({ value, label, children }: CopyableProps) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(value);
    setCopied(true);
    window.setTimeout(() => setCopied(false), 2_000);
  };
  return (
    <button
      type="button"
      className="copyable"
      title={`Copy ${label}`}
      aria-label={`Copy ${label} ${value}`}
      // Without a clipboard (plain HTTP) the text can still be selected by hand.
      onClick={() => void copy().catch(() => setCopied(false))}
    >
      <code>{children ?? value}</code>
      {copied && (
        <span className="copied" role="status">
          Copied
        </span>
      )}
    </button>
  );
}
