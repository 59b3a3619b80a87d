/** Turns the contract into routes and into the OpenAPI document: the only place that does either. */
import type { OpenAPIHono, RouteConfig } from '@hono/zod-openapi';
import { z } from 'zod';
import { isBytes, NOT_CHANGED, type Bytes, type Endpoint } from '../../shared/api/endpoint.ts';
import { problem, PROBLEMS } from '../../shared/api/problem.ts';
import { exampleOf } from '../../shared/api/examples.ts';
import { curlOf, typeScriptOf } from '../../shared/api/request-text.ts';
import type { OperationId } from '../../shared/api/contract.ts';
import type { Dependencies } from './dependencies.ts';
import { answer, type AnyHandler } from './answer.ts';
import answers from './reference/answers.json' with { type: 'json' };
import { recorder } from './audit.ts';
import { guard, type Admission } from './guard.ts';
import { createReader, idempotencyHeader } from './input.ts';
import { mayStream, type OpenStreams } from './open-streams.ts';
import { tellQuota } from './over-quota.ts';
import { refusalsOf } from './refusals.ts';

export type App = OpenAPIHono;

/** One of each operation that answers JSON, as `npm run examples` recorded it. */
const ANSWERS: { readonly [Id in OperationId]?: unknown } = answers;

function typesOf({ mediaType, otherTypes = [] }: Bytes): string[] {
  return [mediaType, ...otherTypes];
}

function requestContent(form: z.ZodType | Bytes, example: unknown) {
  if (!isBytes(form)) return { 'application/json': { schema: form, example } };
  const bytes = { type: 'string', format: 'binary' } as const;
  return Object.fromEntries(typesOf(form).map((type) => [type, { schema: form.forms?.[type] ?? bytes }]));
}

/** OpenAPI 3.1 has no schema for bytes: one that said `string` would be wrong of events and of handed-on JSON. */
function responseContent(form: z.ZodType | Bytes, operationId?: OperationId) {
  const answer = operationId && ANSWERS[operationId];
  const shown = answer === undefined ? {} : { example: answer };
  if (!isBytes(form)) return { 'application/json': { schema: form, ...shown } };
  return Object.fromEntries(
    typesOf(form).map((type) => [
      type,
      form.forms?.[type] ? { schema: form.forms[type], ...(type === 'application/json' ? shown : {}) } : {},
    ]),
  );
}

/** Every refusal under its status, with the codes that the problem's `type` may end in. */
function refusalResponses(endpoint: Endpoint) {
  const { statuses = [], refusal } = endpoint.handedOn ?? {};
  const own = refusalsOf(endpoint);
  const told = [...new Set([...own.keys(), ...statuses])].toSorted((a, b) => a - b);
  return Object.fromEntries(
    told.map((status) => {
      const codes = own.get(status) ?? [];
      const kinds = codes.map((code) => `\`${code}\`: ${PROBLEMS[code][1]}`);
      const elsewhere = statuses.includes(status) ? ["the runner's refusal"] : [];
      return [
        status,
        {
          description: [...kinds, ...elsewhere].join('; '),
          content: {
            ...(codes.length > 0 ? { 'application/problem+json': { schema: problem } } : {}),
            ...(elsewhere.length > 0 && refusal ? { 'application/json': { schema: refusal } } : {}),
          },
        },
      ];
    }),
  );
}

/** Where the examples of the document call: an edge as `rlcd serve` starts it. */
const EXAMPLE_ORIGIN = 'http://127.0.0.1:8787';

/** The same request as a command and as a program, under the name that renderers of such documents know. */
function samplesOf(operation: OperationId) {
  const call = { operation, input: exampleOf(operation), origin: EXAMPLE_ORIGIN };
  return [
    { lang: 'Shell', label: 'curl', source: curlOf(call) },
    { lang: 'TypeScript', label: 'TypeScript', source: typeScriptOf(call) },
  ];
}

function describe(operationId: OperationId, endpoint: Endpoint): RouteConfig {
  const { method, path, tag, summary, scopes, parameters, body, response, status, pending, also } = endpoint;
  return {
    operationId,
    method,
    path,
    tags: [tag],
    summary,
    security: scopes.map((scope) => ({ key: [scope] })),
    'x-codeSamples': samplesOf(operationId),
    request: {
      query: endpoint.query ?? z.strictObject({}),
      ...(parameters ? { params: parameters } : {}),
      ...(endpoint.creates ? { headers: idempotencyHeader } : {}),
      ...(body
        ? { body: { required: true, content: requestContent(body, exampleOf(operationId).body) } }
        : {}),
    },
    responses: {
      [status]: response
        ? { description: 'Done', content: responseContent(response, operationId) }
        : { description: 'Done' },
      ...(pending
        ? {
            202: {
              description: 'Being made: ask again after `Retry-After` seconds',
              content: responseContent(pending),
            },
          }
        : {}),
      ...Object.fromEntries(
        Object.entries(also ?? {}).map(([code, description]) => [
          code,
          { description, ...(code === '206' && response ? { content: responseContent(response) } : {}) },
        ]),
      ),
      ...(method === 'get' && response && !isBytes(response) ? { 304: { description: NOT_CHANGED } } : {}),
      ...refusalResponses(endpoint),
    },
  };
}

/**
 * Adds one operation to the application and to the document. One function answers a request from end to end: a
 * middleware that looks at the request's body or at the response's headers makes the Node host build the whole object
 * of the platform.
 */
export function register(
  app: App,
  operationId: OperationId,
  endpoint: Endpoint,
  handler: AnyHandler,
  dependencies: Dependencies,
  { admission, openStreams }: { readonly admission: Admission; readonly openStreams: OpenStreams },
): void {
  app.openAPIRegistry.registerPath(describe(operationId, endpoint));
  const admit = guard(endpoint, dependencies, admission);
  const read = createReader(endpoint);
  const record = recorder(operationId, endpoint, dependencies);
  const streams = mayStream(endpoint) ? openStreams : undefined;
  app.on(endpoint.method, endpoint.path.replaceAll(/\{(\w+)\}/g, ':$1'), async (context) => {
    const principal = await admit(context);
    const input = await read(context);
    const run = async () =>
      await answer(endpoint, handler, { context, principal, input }, dependencies, record).catch(
        (error: unknown) => {
          throw tellQuota(error, principal.quotas);
        },
      );
    return streams ? await streams.run(principal, run) : await run();
  });
}
