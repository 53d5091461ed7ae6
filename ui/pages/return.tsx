import { useEffect } from 'react';
import { Navigate, useSearchParams } from 'react-router';
import { forgetLink, rememberedLink } from '../data/started-here.ts';

/** Where a sign-in that was started in these pages comes back to (`?channel=&status=&code=`). */
export function ReturnPage() {
  const [parameters] = useSearchParams();
  const channel = parameters.get('channel');
  const connected = parameters.get('status') === 'connected';
  const link = rememberedLink();
  useEffect(() => {
    if (connected) forgetLink();
  }, [connected]);
  if (connected && channel) return <Navigate to={`/channels/${encodeURIComponent(channel)}`} replace />;
  // The link's own page explains what went wrong, and the link is still good.
  if (!connected && link) return <Navigate to={link} replace />;
  return <Navigate to={channel ? `/channels/${encodeURIComponent(channel)}` : '/'} replace />;
}
