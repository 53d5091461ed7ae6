export function Wordmark() {
  return (
    <span className="wordmark">
      <svg viewBox="0 0 32 32" aria-hidden="true">
        <rect width="32" height="32" rx="7" />
        <g fill="none" stroke="#fff" strokeWidth="2.6" strokeLinecap="round">
          <circle cx="16" cy="18.5" r="6.5" />
          <path d="M16 12V6.5M11.5 6.5h9" />
        </g>
      </svg>
      Mooring
    </span>
  );
}
