/** Access by the edge alone: requests that it signed, for the model that they name, whose adapter it gives where it is needed. */
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import path from 'node:path';
import type { Hono } from 'hono';
import {
  ADAPTER_NEEDED,
  decodeModel,
  hashOf,
  isSame,
  proofOf,
  type RequestedModel,
  SERVING_HEADERS,
  SIGNATURE_MILLISECONDS,
  signRequest,
} from '../../shared/serving.ts';
import { exists } from '../files/files.ts';
import { RequestRefusedError } from './openai-error.ts';
import { type Access, type Asked, createServer, type ServerOptions } from './server.ts';

const MAXIMUM_ADAPTER_BYTES = 4 * 2 ** 30;
/** Adapters that were asked for last are kept. */
const MOST_ADAPTERS = 20;

interface EdgeServerOptions extends Omit<ServerOptions, 'access'> {
  /** The runner's key, of which the edge knows the hash. */
  readonly runnerKey: string;
  /** Where adapters are kept. */
  readonly folder: string;
}

/** The server of a runner: what {@link createServer} answers, and `PUT /v1/adapters/{sha256}`, for the edge alone. */
export function createEdgeServer({ runnerKey, folder, ...options }: EdgeServerOptions): Hono {
  const secret = hashOf(runnerKey);
  const access: Access = {
    admit: async (asked) => {
      const header = verify(secret, asked, hashOf(asked.body));
      if (asked.model === undefined) return new Map();
      const model = readModel(header);
      const adapterFile = model.adapterSha256 === null ? null : await adapterOf(folder, model.adapterSha256);
      return new Map([[asked.model, { source: model.source, identity: model.identity, adapterFile }]]);
    },
    answerHeaders: (headers) => ({
      [SERVING_HEADERS.proof]: proofOf(secret, headers.get(SERVING_HEADERS.signature) ?? ''),
    }),
  };
  const app = createServer({ ...options, access });
  app.put('/v1/adapters/:sha256{[0-9a-f]{64}}', async ({ req }) => {
    const sha256 = req.param('sha256');
    verify(secret, { method: req.method, path: req.path, headers: req.raw.headers }, sha256);
    await keepAdapter(folder, sha256, req.raw.body);
    return new Response(null, { status: 204 });
  });
  return app;
}

/** @returns the model's header, empty where there is none; @throws RequestRefusedError 401 */
function verify(
  secret: string,
  { method, path: asked, headers }: Pick<Asked, 'method' | 'path' | 'headers'>,
  bodySha256: string,
): string {
  const time = headers.get(SERVING_HEADERS.time) ?? '';
  const model = headers.get(SERVING_HEADERS.model) ?? '';
  const expected = signRequest(secret, { method, path: asked, time, model, bodySha256 });
  const isTimely = Math.abs(Date.now() - Number(time)) <= SIGNATURE_MILLISECONDS;
  if (isSame(expected, headers.get(SERVING_HEADERS.signature)) && isTimely) return model;
  throw new RequestRefusedError(
    401,
    'unauthorized',
    'only the edge may ask this runner, by a signed request',
    {
      cure: "Ask the edge with a client's key; where it is the edge that asks, compare the clocks of both machines",
    },
  );
}

function readModel(header: string): RequestedModel {
  try {
    return decodeModel(header);
  } catch (cause) {
    throw new RequestRefusedError(
      400,
      'bad-input',
      `the edge names no model: ${String(cause).slice(0, 200)}`,
    );
  }
}

const fileOf = (folder: string, sha256: string): string => path.join(folder, `${sha256}.safetensors`);

async function adapterOf(folder: string, sha256: string): Promise<string> {
  const file = fileOf(folder, sha256);
  if (!(await exists(file))) {
    throw new RequestRefusedError(428, ADAPTER_NEEDED, `the adapter ${sha256} is not here yet`, {
      cure: 'Send its bytes first',
    });
  }
  const now = new Date();
  await utimes(file, now, now);
  return file;
}

/** @throws RequestRefusedError 400 where the bytes are not those of the hash, 413 where they are too many */
async function keepAdapter(
  folder: string,
  sha256: string,
  body: ReadableStream<Uint8Array> | null,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const partial = path.join(folder, `${randomUUID()}.partial`);
  const hash = createHash('sha256');
  try {
    const handle = await open(partial, 'wx');
    try {
      let bytes = 0;
      for await (const chunk of body ?? []) {
        bytes += chunk.length;
        if (bytes > MAXIMUM_ADAPTER_BYTES)
          throw new RequestRefusedError(413, 'too-large', 'no adapter is so large');
        hash.update(chunk);
        await handle.writeFile(chunk);
      }
    } finally {
      await handle.close();
    }
    if (hash.digest('hex') !== sha256)
      throw new RequestRefusedError(400, 'bad-input', `the bytes are not those of ${sha256}`);
    await rename(partial, fileOf(folder, sha256));
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
  await dropOldest(folder);
}

async function dropOldest(folder: string): Promise<void> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.safetensors'));
  const files = await Promise.all(
    names.map(async (name) => {
      const file = path.join(folder, name);
      return { file, usedAt: (await stat(file)).mtimeMs };
    }),
  );
  const old = files.toSorted((a, b) => b.usedAt - a.usedAt).slice(MOST_ADAPTERS);
  for (const { file } of old) await rm(file, { force: true });
}
