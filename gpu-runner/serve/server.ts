/** The OpenAI-compatible server: chat completions, completions and the list of models, whole or streamed. */
import { serve, type ServerType } from '@hono/node-server';
import { Hono, type Context } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { once } from 'node:events';
import { MAXIMUM_COMPLETION_BYTES } from '../../shared/api/completions.ts';
import { explain } from '../../shared/explain.ts';
import { UserError } from '../../shared/user-error.ts';
import { Choices, Chunks, type Operation } from './answers.ts';
import { RequestRefusedError, toOpenaiError } from './openai-error.ts';
import { readLikelihood, readRequest, type ReadRequest } from './read-request.ts';
import type { Sampling } from './sampling.ts';
import type { Delta, SamplingJob, ServedModel } from './sampling-calls.ts';

/** A request as access sees it. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: Headers;
  readonly body: Uint8Array;
  /** What the body names; undefined where it names none. */
  readonly model: string | undefined;
}

/** Who may ask, and for which models. */
export interface Access {
  /**
   * The models that whoever sent this request may ask for.
   *
   * @throws RequestRefusedError 401 where it may not ask at all
   */
  readonly admit: (asked: Asked) => Promise<ReadonlyMap<string, ServedModel>>;
  /** Headers of every answer to these headers, refusals included. */
  readonly answerHeaders?: (headers: Headers) => Readonly<Record<string, string>>;
}

export interface ServerOptions {
  readonly sampling: Sampling;
  readonly access: Access;
  readonly log: (line: string) => void;
}

const NO_BODY = new Uint8Array();
const HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };

/** The routes. */
export function createServer({ sampling, access, log }: ServerOptions): Hono {
  const app = new Hono();
  const started = Math.floor(Date.now() / 1000);
  const refuse = (error: unknown): Response => {
    const { status, body } = toOpenaiError(error);
    if (status >= 500) log(explain(error));
    const retry = error instanceof UserError && error.retryable ? { 'retry-after': '5' } : {};
    return Response.json(body, { status, headers: { ...HEADERS, ...retry } });
  };
  app.onError((error) => refuse(error));
  app.notFound((context) =>
    refuse(
      new RequestRefusedError(404, 'not-found', `there is no ${context.req.method} ${context.req.path}`, {
        cure: 'Ask /v1/chat/completions, /v1/completions or /v1/models',
      }),
    ),
  );
  app.use(async (context, next) => {
    await next();
    const headers = access.answerHeaders?.(context.req.raw.headers) ?? {};
    for (const [name, value] of Object.entries(headers)) context.res.headers.set(name, value);
  });
  const limited = bodyLimit({
    maxSize: MAXIMUM_COMPLETION_BYTES,
    onError: () =>
      refuse(
        new RequestRefusedError(413, 'too-large', `the body may have ${MAXIMUM_COMPLETION_BYTES} bytes`),
      ),
  });

  const describe = (id: string) => ({ id, object: 'model', created: started, owned_by: 'rlcd' });
  const admit = async ({ req }: Context, body: Uint8Array, model?: string) =>
    await access.admit({ method: req.method, path: req.path, headers: req.raw.headers, body, model });
  app.get('/v1/models', async (context) => {
    const data = [...(await admit(context, NO_BODY)).keys()].map(describe);
    return Response.json({ object: 'list', data }, { headers: HEADERS });
  });
  app.get('/v1/models/:model{.+}', async (context) => {
    const id = context.req.param('model');
    findModel(await admit(context, NO_BODY), id);
    return Response.json(describe(id), { headers: HEADERS });
  });

  const answer = (operation: Operation) => async (context: Context) => {
    const body = new Uint8Array(await context.req.arrayBuffer());
    const document = parseBody(body);
    const models = await admit(context, body, modelIn(document));
    const request = readRequest(operation, document);
    const job: SamplingJob = { ...request.job, model: findModel(models, request.model) };
    const { signal } = context.req.raw;
    return request.streams
      ? await streamed(sampling, job, request, signal, log)
      : await whole(sampling, job, request, signal);
  };
  app.post('/v1/chat/completions', limited, answer('chat'));
  app.post('/v1/completions', limited, answer('text'));
  app.post('/v1/likelihoods', limited, async (context) => {
    const body = new Uint8Array(await context.req.arrayBuffer());
    const document = parseBody(body);
    const models = await admit(context, body, modelIn(document));
    const { model: id, ...job } = readLikelihood(document);
    const tokens = await sampling.read({ ...job, model: findModel(models, id) }, context.req.raw.signal);
    const told = tokens.map(({ text, logProbability }) => ({ text, logprob: logProbability }));
    const logprob = told.reduce((sum, token) => sum + token.logprob, 0);
    return Response.json({ model: id, tokens: told, logprob }, { headers: HEADERS });
  });
  return app;
}

function findModel(models: ReadonlyMap<string, ServedModel>, id: string): ServedModel {
  const model = models.get(id);
  if (model !== undefined) return model;
  throw new RequestRefusedError(404, 'model-not-found', `no model ${JSON.stringify(id)} is served here`, {
    cure: `There is ${[...models.keys()].join(', ') || 'none'}`,
    parameter: 'model',
  });
}

/** The model that a body names, before it is held against its form. */
function modelIn(document: unknown): string | undefined {
  if (typeof document !== 'object' || document === null || !('model' in document)) return undefined;
  return typeof document.model === 'string' ? document.model : undefined;
}

function parseBody(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    throw new RequestRefusedError(400, 'malformed-json', 'the body must be one JSON document in UTF-8');
  }
}

function headingOf({ operation, model }: ReadRequest, { id }: SamplingJob) {
  return {
    id: `${operation === 'chat' ? 'chatcmpl' : 'cmpl'}-${id}`,
    created: Math.floor(Date.now() / 1000),
    model,
  };
}

async function whole(
  sampling: Sampling,
  job: SamplingJob,
  request: ReadRequest,
  signal: AbortSignal,
): Promise<Response> {
  const choices = new Choices(job.choices);
  const usage = await sampling.sample(job, (deltas) => choices.take(deltas), signal);
  const document = choices.answer(request.operation, headingOf(request, job), usage, request.withLogprobs);
  return Response.json(document, { headers: HEADERS });
}

/** The headers go out with the first tokens, so that a request that is refused has its own status. */
async function streamed(
  sampling: Sampling,
  job: SamplingJob,
  request: ReadRequest,
  gone: AbortSignal,
  log: (line: string) => void,
): Promise<Response> {
  const chunks = new Chunks(request.operation, headingOf(request, job), job.choices, request);
  const cancelled = new AbortController();
  const signal = AbortSignal.any([gone, cancelled.signal]);
  const text = new TransformStream<string, string>();
  const writer = text.writable.getWriter();
  // Who reads slowly is waited for by nobody: an answer is bounded, and so is what is kept of it.
  const write = (documents: readonly object[]): void => {
    for (const document of documents) {
      writer.write(`data: ${JSON.stringify(document)}\n\n`).catch((error: unknown) => cancelled.abort(error));
    }
  };
  const begun = Promise.withResolvers<undefined>();
  let isFirst = true;
  const tell = (deltas: readonly Delta[]): void => {
    if (isFirst) write(chunks.first());
    isFirst = false;
    for (const delta of deltas) write(chunks.of(delta));
    begun.resolve(undefined);
  };
  const work = async (): Promise<void> => {
    try {
      write(chunks.last(await sampling.sample(job, tell, signal)));
      await writer.write('data: [DONE]\n\n');
      await writer.close();
    } catch (error) {
      if (isFirst) begun.reject(error);
      if (isFirst || signal.aborted) return;
      // The status has gone out: the error goes the way of the answer.
      const { status, body } = toOpenaiError(error);
      if (status >= 500) log(explain(error));
      write([body]);
      await writer.close();
    }
  };
  const done = work();
  await begun.promise;
  done.catch((error: unknown) => log(`a client has gone: ${String(error)}`));
  return new Response(text.readable.pipeThrough(new TextEncoderStream()), {
    headers: {
      ...HEADERS,
      'content-type': 'text/event-stream; charset=utf-8',
      'x-accel-buffering': 'no',
    },
  });
}

/** Listens. @returns where, and how it ends */
export async function listen(
  app: Hono,
  port: number,
  hostname: string,
): Promise<{ readonly port: number; readonly close: () => Promise<void> }> {
  const server: ServerType = serve({ fetch: app.fetch, port, hostname });
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return {
    port: address.port,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      if ('closeAllConnections' in server) server.closeAllConnections();
      await closed;
    },
  };
}
