import { Suspense, useEffect, useRef } from 'react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, NavLink, Outlet, useLocation } from 'react-router';
import { call } from './data/client.ts';
import { forgetDrafts } from './data/draft.ts';
import { useLive } from './data/live.ts';
import type { LiveState } from './data/live.ts';
import { sessionQuery } from './data/queries.ts';
import type { UiSession } from '../api/schemas/ui.ts';
import { SignInPage } from './pages/sign-in.tsx';
import { ColourScheme } from './components/colour-scheme.tsx';
import { Loading } from './components/loading.tsx';
import { OutOfTouch, useOnline } from './components/out-of-touch.tsx';
import { Wordmark } from './components/wordmark.tsx';

/** The frame around every page that needs a session; without one it is the sign-in page. */
export function Workspace({ onOpen }: { onOpen: () => void }) {
  const session = useQuery(sessionQuery);
  if (session.data === undefined) {
    return (
      <main className="narrow">
        <Loading query={session}>Opening Mooring…</Loading>
      </main>
    );
  }
  return session.data === null ? <SignInPage /> : <SignedIn session={session.data} onOpen={onOpen} />;
}

const LIVE_WORDS: Record<LiveState, string> = {
  connecting: 'Connecting…',
  live: 'Live',
  interrupted: 'Reconnecting…',
  silent: 'No answer',
};
const LIVE_HELP: Record<LiveState, string> = {
  connecting: 'Opening the stream of events',
  live: 'Everything here updates by itself',
  interrupted: 'The stream of events broke off; it is opened again by itself',
  silent: 'Nothing here updates; the stream of events is opened again by itself',
};

function SignedIn({ session, onOpen }: { session: UiSession; onOpen: () => void }) {
  useEffect(onOpen, [onOpen]);
  const live = useLive();
  const online = useOnline();
  const content = useFocusOnNewPage();
  return (
    <div className="workspace">
      <a className="skip-link" href="#content">
        Skip to content
      </a>
      <header className="site-header">
        <NavLink to="/" className="home-link" aria-label="Mooring, all channels">
          <Wordmark />
        </NavLink>
        <nav aria-label="Main">
          <NavLink to="/" end>
            Channels
          </NavLink>
          <NavLink to="/incidents">Incidents</NavLink>
          <NavLink to="/notices">Notices</NavLink>
          <NavLink to="/webhooks">Webhooks</NavLink>
          <NavLink to="/settings">Settings</NavLink>
        </nav>
        <span className={`live live-${live.state}`} role="status" title={LIVE_HELP[live.state]}>
          {live.state === 'silent' && !online ? 'Offline' : LIVE_WORDS[live.state]}
        </span>
      </header>
      <main id="content" ref={content} tabIndex={-1}>
        <OutOfTouch live={live} />
        <Suspense fallback={<p className="waiting">Opening the page…</p>}>
          <Outlet />
        </Suspense>
      </main>
      <Footer session={session} />
    </div>
  );
}

/** A new page begins at its top, for the keyboard and for a screen reader too. */
function useFocusOnNewPage() {
  const { pathname } = useLocation();
  const content = useRef<HTMLElement>(null);
  const shown = useRef(pathname);
  useEffect(() => {
    if (shown.current === pathname) return;
    shown.current = pathname;
    window.scrollTo(0, 0);
    content.current?.focus({ preventScroll: true });
  }, [pathname]);
  return content;
}

function Footer({ session }: { session: UiSession }) {
  const client = useQueryClient();
  const signOut = useMutation({
    mutationFn: () => call('DELETE', '/ui/session'),
    onSuccess: () => {
      client.clear();
      forgetDrafts();
      window.location.assign('/');
    },
  });
  return (
    <footer className="site-footer">
      {session.sandbox_page && <a href={session.sandbox_page}>Sandbox</a>}
      {session.temporal_ui && <a href={session.temporal_ui}>Temporal Web</a>}
      <Link to="/embed">Banner and popup</Link>
      {session.outbox && <NavLink to="/outbox">Outbox</NavLink>}
      <a href="/reference">API reference</a>
      <ColourScheme />
      <button type="button" className="link-button" disabled={signOut.isPending} onClick={() => signOut.mutate()}>
        {signOut.isPending ? 'Signing out…' : 'Sign out'}
      </button>
    </footer>
  );
}
