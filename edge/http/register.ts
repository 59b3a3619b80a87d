/** Turns the contract into routes and into the OpenAPI document: the only place that does either. */
import { createRoute, OpenAPIHono, type RouteConfig } from '@hono/zod-openapi';
import { bodyLimit } from 'hono/body-limit';
import { createMiddleware } from 'hono/factory';
import { z } from 'zod';
import { DEFAULT_MAXIMUM_BYTES, isBytes, type Bytes, type Endpoint } from '../../shared/api/endpoint.ts';
import { problem } from '../../shared/api/problem.ts';
import type { Dependencies } from '../dependencies.ts';
import { fromIssues, ProblemError } from '../problem.ts';
import { answer, type AnyHandler } from './answer.ts';
import { guard, type AppEnvironment } from './guard.ts';
import { tooLarge } from './streamed-body.ts';

export type App = OpenAPIHono<AppEnvironment>;

const idempotencyHeader = z.object({
  'idempotency-key': z
    .string()
    .regex(/^[\x21-\x7e]{1,200}$/, 'must be 1 to 200 visible ASCII characters')
    .optional()
    .meta({ description: 'The same key with the same request has one effect and one answer' }),
});

export function createRouter(): App {
  return new OpenAPIHono<AppEnvironment>({
    defaultHook: (result) => {
      if (!result.success) throw fromIssues(result.target, result.error.issues);
    },
  });
}

function content(form: z.ZodType | Bytes) {
  return isBytes(form)
    ? { [form.mediaType]: { schema: { type: 'string', format: 'binary' } as const } }
    : { 'application/json': { schema: form } };
}

function describe(operationId: string, endpoint: Endpoint): RouteConfig {
  const { method, path, tag, summary, scopes, parameters, body, response, status } = endpoint;
  return {
    operationId,
    method,
    path,
    tags: [tag],
    summary,
    security: scopes.map((scope) => ({ key: [scope] })),
    request: {
      query: endpoint.query ?? z.strictObject({}),
      ...(parameters ? { params: parameters } : {}),
      ...(endpoint.creates ? { headers: idempotencyHeader } : {}),
      ...(body ? { body: { required: true, content: content(body) } } : {}),
    },
    responses: {
      [status]: response ? { description: 'Done', content: content(response) } : { description: 'Done' },
      ...(method === 'get' && response && !isBytes(response)
        ? { 304: { description: 'Not changed since the ETag of If-None-Match' } }
        : {}),
      default: {
        description: 'A problem (RFC 9457)',
        content: { 'application/problem+json': { schema: problem } },
      },
    },
  };
}

/** Documents are read whole within their limit; streams are counted while their handler reads them. */
function limitBody({ body, maximumBytes = DEFAULT_MAXIMUM_BYTES }: Endpoint) {
  if (body === undefined || !isBytes(body)) {
    return bodyLimit({
      maxSize: maximumBytes,
      onError: () => {
        throw tooLarge(maximumBytes);
      },
    });
  }
  return createMiddleware<AppEnvironment>(async (context, next) => {
    const mediaType = context.req.header('content-type')?.split(';')[0]?.trim().toLowerCase();
    if (mediaType !== body.mediaType) {
      throw new ProblemError('unsupported-media-type', `Send content-type: ${body.mediaType}`);
    }
    if (Number(context.req.header('content-length') ?? 0) > maximumBytes) throw tooLarge(maximumBytes);
    await next();
  });
}

/** Adds one operation to the application and to the document. */
export function register(
  app: App,
  operationId: string,
  endpoint: Endpoint,
  handler: AnyHandler,
  dependencies: Dependencies,
): void {
  const route = createRoute({
    ...describe(operationId, endpoint),
    middleware: [guard(endpoint, dependencies), limitBody(endpoint)],
  });
  app.openapi(route, (context) => answer(endpoint, handler, context, dependencies));
}
