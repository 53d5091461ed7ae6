import { Link } from 'react-router';

export function NotFoundPage() {
  return (
    <div className="empty">
      <title>Nothing here – Mooring</title>
      <h1>Nothing here</h1>
      <p>This address leads nowhere. The page may have been about a channel that was erased.</p>
      <p>
        <Link to="/">All channels</Link>
      </p>
    </div>
  );
}
