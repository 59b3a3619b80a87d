/** The dashboard: routes, each a chunk of its own. */
import './app/zod-without-eval.ts';
import { Route, Router, Navigate } from '@solidjs/router';
import { QueryClient, QueryClientProvider } from '@tanstack/solid-query';
import { lazy } from 'solid-js';
import { render } from 'solid-js/web';
import { ApiError } from '../../shared/api/client.ts';
import { readableAddress } from './app/readable-address.ts';
import { Shell } from './components/shell.tsx';

const ATTEMPTS = 3;
const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      // What changes is told by live events; a window that comes to the front has missed nothing.
      staleTime: Infinity,
      refetchOnWindowFocus: false,
      // The edge's refusal stays a refusal; a broken connection may be whole again.
      retry: (failures, error) => !(error instanceof ApiError) && failures < ATTEMPTS,
    },
  },
});

const ExperimentsPage = lazy(() => import('./pages/experiments/experiments-page.tsx'));
const NewExperimentPage = lazy(() => import('./pages/new-experiment/new-experiment-page.tsx'));
const ExperimentPage = lazy(() => import('./pages/experiment/experiment-page.tsx'));
const PairsPage = lazy(() => import('./pages/pairs/pairs-page.tsx'));
const ComparePage = lazy(() => import('./pages/compare/compare-page.tsx'));
const LabelPage = lazy(() => import('./pages/label/label-page.tsx'));
const PrinciplesPage = lazy(() => import('./pages/principles/principles-page.tsx'));
const WritePage = lazy(() => import('./pages/write/write-page.tsx'));
const PromptsPage = lazy(() => import('./pages/prompts/prompts-page.tsx'));
const ModelsPage = lazy(() => import('./pages/models/models-page.tsx'));
const KeysPage = lazy(() => import('./pages/keys/keys-page.tsx'));
const NotFoundPage = lazy(() => import('./pages/not-found.tsx'));
const RunnersPage = lazy(() => import('./pages/runners/runners-page.tsx'));

// The router decodes the address, and cannot go on from one that has no meaning.
history.replaceState(history.state, '', readableAddress(location));

const root = document.querySelector('#root');
if (root === null) throw new Error('index.html has no #root');
render(
  () => (
    <QueryClientProvider client={queryClient}>
      <Router root={(props) => <Shell>{props.children}</Shell>}>
        <Route path="/" component={() => <Navigate href="/experiments" />} />
        <Route path="/experiments" component={ExperimentsPage} />
        <Route path="/experiments/new" component={NewExperimentPage} />
        <Route path="/experiments/:experimentId" component={ExperimentPage} />
        <Route path="/pairs/:experimentId?" component={PairsPage} />
        <Route path="/compare" component={ComparePage} />
        <Route path="/label/:experimentId?" component={LabelPage} />
        <Route path="/principles/:principleName?" component={PrinciplesPage} />
        <Route path="/write/:principleName?" component={WritePage} />
        <Route path="/prompts/:promptSetId?" component={PromptsPage} />
        <Route path="/models" component={ModelsPage} />
        <Route path="/runners" component={RunnersPage} />
        <Route path="/keys" component={KeysPage} />
        <Route path="*path" component={NotFoundPage} />
      </Router>
    </QueryClientProvider>
  ),
  root,
);
