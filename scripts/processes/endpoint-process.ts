/** A model served to OpenAI's clients by a child process, for as long as this one lives. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ChildEndedError, startChild, type Child } from './child.ts';
import { freePort } from './free-port.ts';
import { modelSources } from './model-sources.ts';

const ASK_EVERY_MILLISECONDS = 100;

interface EndpointOptions {
  /** `bundled`, a path or a hub id. */
  readonly model: string;
  /** Whether the user himself named it, here: then a path is opened, wherever it lies. */
  readonly isOwn: boolean;
  /** Its id for clients. */
  readonly name: string;
  /** What the model must be; undefined: anything. */
  readonly identity?: string | undefined;
  /** Files of adapters by the name under which they are served as NAME/adapter. */
  readonly adapters: Readonly<Record<string, string>>;
  /** At least 32 characters. */
  readonly key: string;
  /** Where converted models are kept. */
  readonly cache: string;
  /** Where the log lies. */
  readonly dataFolder: string;
  readonly signal?: AbortSignal;
}

export interface Endpoint {
  /** Up to and with /v1. */
  readonly url: string;
  readonly child: Child;
}

/**
 * Starts it and waits until its models are open.
 *
 * @throws ChildEndedError with the end of its log where it does not come up; the signal's reason
 */
export async function startEndpoint(options: EndpointOptions): Promise<Endpoint> {
  const { model, isOwn, name, identity, adapters, key, cache, dataFolder, signal } = options;
  const port = await freePort();
  const expected = identity === undefined ? [] : ['--identity', identity];
  const named = Object.entries(adapters).flatMap(([own, file]) => ['--adapter', `${own}=${file}`]);
  const child = startChild({
    name: 'the endpoint',
    program: 'gpu-runner/endpoint.ts',
    words: ['--model', model, '--name', name, ...expected, ...named, '--port', String(port)],
    environment: {
      RLCD_MODEL_SOURCES: modelSources(isOwn ? [model] : []),
      RLCD_ENDPOINT_KEY: key,
      RLCD_CACHE: cache,
    },
    logFile: join(dataFolder, 'endpoint.log'),
  });
  const url = `http://127.0.0.1:${port}/v1`;
  try {
    while (!(await answers(url, key))) {
      const exit = child.exit();
      if (exit) throw new ChildEndedError(child, exit);
      await sleep(ASK_EVERY_MILLISECONDS, undefined, { signal });
    }
  } catch (error) {
    await child.stop();
    throw error;
  }
  return { url, child };
}

async function answers(url: string, key: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/models`, { headers: { authorization: `Bearer ${key}` } });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    // Nobody listens yet: the model is being opened.
    return false;
  }
}
