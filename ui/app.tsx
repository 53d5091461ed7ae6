import { lazy, Suspense } from 'react';
import { Route, Routes } from 'react-router';
import { Workspace } from './workspace.tsx';
import { AdminConsentPage } from './pages/admin-consent.tsx';
import { PageFailure } from './components/page-failure.tsx';
import { ConnectPage } from './pages/connect.tsx';
import { NotFoundPage } from './pages/not-found.tsx';
import { ReturnPage } from './pages/return.tsx';
import { UnsubscribePage } from './pages/unsubscribe.tsx';

// People who reauthorize on a phone load the connect page only.
const loadChannels = () => import('./pages/channels.tsx').then((page) => ({ default: page.ChannelsPage }));
const loadChannel = () => import('./pages/channel.tsx').then((page) => ({ default: page.ChannelPage }));
const loadWebhooks = () => import('./pages/webhooks.tsx').then((page) => ({ default: page.WebhooksPage }));
const loadIncidents = () => import('./pages/incidents.tsx').then((page) => ({ default: page.IncidentsPage }));
const loadNotices = () => import('./pages/notices.tsx').then((page) => ({ default: page.NoticesPage }));
const loadMessages = () => import('./pages/messages.tsx');
const loadOutbox = () => import('./pages/outbox.tsx');
const loadSettings = () => import('./pages/settings.tsx');
const loadEmbed = () => import('./pages/embed.tsx').then((page) => ({ default: page.EmbedPage }));
const ChannelsPage = lazy(loadChannels);
const ChannelPage = lazy(loadChannel);
const WebhooksPage = lazy(loadWebhooks);
const IncidentsPage = lazy(loadIncidents);
const NoticesPage = lazy(loadNotices);
const MessagesPage = lazy(() => loadMessages().then((page) => ({ default: page.MessagesPage })));
const MessagePage = lazy(() => loadMessages().then((page) => ({ default: page.MessagePage })));
const EmbedPage = lazy(loadEmbed);
const OutboxPage = lazy(() => loadOutbox().then((page) => ({ default: page.OutboxPage })));
const OutboxMailPage = lazy(() => loadOutbox().then((page) => ({ default: page.OutboxMailPage })));
const SettingsPage = lazy(() => loadSettings().then((page) => ({ default: page.SettingsPage })));
const BrandingSettings = lazy(() => loadSettings().then((page) => ({ default: page.BrandingSettings })));
const TenantsSettings = lazy(() => loadSettings().then((page) => ({ default: page.TenantsSettings })));
const TenantSettings = lazy(() => loadSettings().then((page) => ({ default: page.TenantSettings })));

/** The pages of the workspace, fetched while the network is there: a page cannot say that it is gone before it is loaded. */
function loadAllPages(): void {
  for (const load of [
    loadChannels,
    loadChannel,
    loadWebhooks,
    loadIncidents,
    loadNotices,
    loadSettings,
    loadEmbed,
    loadMessages,
  ])
    void load().catch(() => {});
}

export function App() {
  return (
    <PageFailure>
      <Suspense fallback={<p className="waiting">Opening Mooring…</p>}>
        <Routes>
          <Route path="/connect/:link" element={<ConnectPage />} />
          <Route path="/admin-consent" element={<AdminConsentPage />} />
          <Route path="/unsubscribe/:token" element={<UnsubscribePage />} />
          <Route path="/return" element={<ReturnPage />} />
          <Route element={<Workspace onOpen={loadAllPages} />}>
            <Route index element={<ChannelsPage />} />
            <Route path="/login" element={<ChannelsPage />} />
            <Route path="/channels" element={<ChannelsPage />} />
            <Route path="/channels/:id" element={<ChannelPage />} />
            <Route path="/channels/:id/messages" element={<MessagesPage />} />
            <Route path="/messages/:id" element={<MessagePage />} />
            <Route path="/webhooks" element={<WebhooksPage />} />
            <Route path="/incidents" element={<IncidentsPage />} />
            <Route path="/notices" element={<NoticesPage />} />
            <Route path="/settings" element={<SettingsPage />}>
              <Route index element={<TenantsSettings />} />
              <Route path="branding" element={<BrandingSettings />} />
              <Route path="tenants/:tenant" element={<TenantSettings />} />
            </Route>
            <Route path="/embed" element={<EmbedPage />} />
            <Route path="/outbox" element={<OutboxPage />} />
            <Route path="/outbox/:id" element={<OutboxMailPage />} />
            <Route path="*" element={<NotFoundPage />} />
          </Route>
        </Routes>
      </Suspense>
    </PageFailure>
  );
}
