/** The application, the same on every host: the contract's routes, the document and its reference page. */
import { OpenAPIHono } from '@hono/zod-openapi';
import { contract, type OperationId } from '../shared/api/contract.ts';
import type { Dependencies } from './http/dependencies.ts';
import type { AnyHandler } from './http/answer.ts';
import type { Handlers } from './http/handler.ts';
import { serveDashboard } from './http/dashboard.ts';
import { KeyRing } from './http/keys.ts';
import { onError, onNotFound } from './http/on-error.ts';
import { OpenStreams } from './http/open-streams.ts';
import { register, type App } from './http/register.ts';
import { serveReference } from './http/reference/serve.ts';
import { Sessions } from './http/sessions.ts';
import { addSecurityHeaders } from './http/security-headers.ts';
import { artifactHandlers } from './routes/artifacts.ts';
import { auditHandlers } from './routes/audit.ts';
import { baseModelHandlers } from './routes/base-models.ts';
import { comparisonHandlers } from './routes/comparisons.ts';
import { completionHandlers } from './routes/completions.ts';
import { eventHandlers } from './routes/events.ts';
import { experimentHandlers } from './routes/experiments.ts';
import { exportHandlers } from './routes/exports.ts';
import { healthHandlers } from './routes/health.ts';
import { keyHandlers } from './routes/keys.ts';
import { preferencePairHandlers } from './routes/preference-pairs.ts';
import { metricHandlers } from './routes/metrics.ts';
import { principleHandlers } from './routes/principles.ts';
import { promptSetHandlers } from './routes/prompt-sets.ts';
import { uploadHandlers } from './routes/uploads.ts';
import { runnerHandlers } from './routes/runners.ts';
import { scorerHandlers } from './routes/scorers.ts';
import { sessionHandlers } from './routes/sessions.ts';
import { taskHandlers } from './routes/tasks.ts';
import { KnownKeys } from './store/known-keys.ts';

export function createApp(dependencies: Dependencies): App {
  const { database, clock } = dependencies;
  const keys = new KnownKeys(database, clock);
  const ring = new KeyRing(keys, dependencies.bootstrapKey);
  const sessions = new Sessions(database, ring, clock);
  const handlers: Handlers<typeof contract> = {
    ...artifactHandlers(dependencies),
    ...auditHandlers(dependencies),
    ...baseModelHandlers(dependencies),
    ...comparisonHandlers(dependencies),
    ...completionHandlers(dependencies, keys, sessions),
    ...eventHandlers(dependencies, keys, sessions),
    ...experimentHandlers(dependencies),
    ...exportHandlers(dependencies),
    ...healthHandlers(dependencies),
    ...keyHandlers(dependencies, keys),
    ...preferencePairHandlers(dependencies),
    ...metricHandlers(dependencies),
    ...principleHandlers(dependencies),
    ...promptSetHandlers(dependencies),
    ...uploadHandlers(dependencies),
    ...runnerHandlers(dependencies),
    ...scorerHandlers(dependencies),
    ...sessionHandlers(sessions),
    ...taskHandlers(dependencies),
  };
  const app = new OpenAPIHono();
  const openStreams = new OpenStreams();
  app.onError(onError);
  app.notFound(onNotFound(app));
  for (const id of Object.keys(contract) as OperationId[]) {
    register(app, id, contract[id], handlers[id] as AnyHandler, dependencies, {
      admission: { keys: ring, sessions },
      openStreams,
    });
  }
  // Behind the API's routes, which answer by themselves: for pages.
  app.use(async (context, next) => {
    await next();
    addSecurityHeaders(context.res);
  });
  serveReference(app);
  if (dependencies.dashboard) serveDashboard(app, dependencies.dashboard);
  return app;
}
