import { lazy, Suspense } from 'react';
import { Route, Routes } from 'react-router';
import { Workspace } from './workspace.tsx';
import { AdminConsentPage } from './pages/admin-consent.tsx';
import { ConnectPage } from './pages/connect.tsx';
import { NotFoundPage } from './pages/not-found.tsx';
import { ReturnPage } from './pages/return.tsx';

// People who reauthorize on a phone load the connect page only.
const ChannelsPage = lazy(() => import('./pages/channels.tsx').then((page) => ({ default: page.ChannelsPage })));
const ChannelPage = lazy(() => import('./pages/channel.tsx').then((page) => ({ default: page.ChannelPage })));
const WebhooksPage = lazy(() => import('./pages/webhooks.tsx').then((page) => ({ default: page.WebhooksPage })));

export function App() {
  return (
    <Suspense fallback={<p className="waiting">Opening Mooring…</p>}>
      <Routes>
        <Route path="/connect/:link" element={<ConnectPage />} />
        <Route path="/admin-consent" element={<AdminConsentPage />} />
        <Route path="/return" element={<ReturnPage />} />
        <Route element={<Workspace />}>
          <Route index element={<ChannelsPage />} />
          <Route path="/login" element={<ChannelsPage />} />
          <Route path="/channels" element={<ChannelsPage />} />
          <Route path="/channels/:id" element={<ChannelPage />} />
          <Route path="/webhooks" element={<WebhooksPage />} />
          <Route path="*" element={<NotFoundPage />} />
        </Route>
      </Routes>
    </Suspense>
  );
}
