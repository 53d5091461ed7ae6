import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { MantineProvider } from '@mantine/core';
import { MutationCache, QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { createBrowserRouter, RouterProvider } from 'react-router';
import './styles/mantine.css';
import './styles/app.css';
import './styles/pages.css';
import './styles/connect.css';
import { App } from './app.tsx';
import { ProblemError } from './data/client.ts';
import { theme } from './theme.ts';

/** A session that ended (12 hours, or a revoked key) leads to the sign-in page, wherever it is noticed. */
function noticeSignOut(error: unknown): void {
  if (error instanceof ProblemError && error.problem.status === 401) queries.setQueryData(['session'], null);
}

const queries: QueryClient = new QueryClient({
  queryCache: new QueryCache({ onError: noticeSignOut }),
  mutationCache: new MutationCache({ onError: noticeSignOut }),
  defaultOptions: {
    mutations: { networkMode: 'always' },
    queries: {
      // A browser without a network would wait without a word, and Mooring may run on the same machine.
      networkMode: 'always',
      refetchOnReconnect: true,
      staleTime: 5_000,
      // What the server refuses it will refuse again; what did not arrive may.
      retry: (failures, error) =>
        error instanceof ProblemError && (error.problem.status === 0 || error.problem.status >= 500) && failures < 3,
    },
  },
});

/** A data router, because it alone can hold a navigation back: a form with unsaved changes asks first. */
const router = createBrowserRouter([{ path: '*', element: <App /> }]);

const root = document.getElementById('root');
if (!root) throw new Error('index.html has no #root');
createRoot(root).render(
  <StrictMode>
    <MantineProvider theme={theme} defaultColorScheme="auto">
      <QueryClientProvider client={queries}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);
