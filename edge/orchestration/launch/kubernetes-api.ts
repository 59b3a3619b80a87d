/**
 * The few calls of a Kubernetes API server that launching needs: by fetch alone, so that they work in a Worker.
 * What passes by itself (429, 503, a conflict of a quota's count, the network) is tried again within bounds.
 */
import { z } from 'zod';
import type { Send } from './launcher.ts';
import { UserError } from '../../../shared/user-error.ts';
import { withTimeLimit } from '../../../shared/with-time-limit.ts';
import { messageWithCause } from '../../../shared/caught.ts';
import { firstIssue } from '../../../shared/first-issue.ts';

const CALL_MILLISECONDS = 10_000;
const ATTEMPTS = 3;
const FIRST_PAUSE_MILLISECONDS = 500;
/** A server that wants to be left alone for longer is asked again by a later round. */
const LONGEST_PAUSE_MILLISECONDS = 5000;
const TOO_MANY_REQUESTS = 429;
const CONFLICT = 409;

export interface KubernetesCluster {
  /** Address of the API server: `https://10.0.0.1:6443`. */
  readonly url: string;
  readonly namespace: string;
  /** The service account's token, read anew for every launch: a mounted one is replaced every hour. */
  readonly token: () => Promise<string>;
  readonly send?: Send;
  /** How long an answer may take; 10 s unless given. */
  readonly callMilliseconds?: number;
  /** Waits between attempts. */
  readonly pause?: (milliseconds: number) => Promise<void>;
}

/** The form of every answer that is no success. */
const statusSchema = z.looseObject({
  kind: z.literal('Status'),
  reason: z.string().optional(),
  message: z.string().optional(),
});

/** The API server said no, or nothing that could be understood. */
export class KubernetesError extends UserError {
  override readonly name = 'KubernetesError';
  override readonly code = 'kubernetes-refused';
  /** HTTP status; 0 where no answer came. */
  readonly status: number;
  /** Kubernetes' own word for it: `AlreadyExists`, `Forbidden`, `Invalid`. */
  readonly reason: string;

  constructor(status: number, reason: string, message: string) {
    super(message);
    this.status = status;
    this.reason = reason;
  }
}

async function readError(response: Response): Promise<KubernetesError> {
  const { status } = response;
  const text = await response.text();
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    // A proxy in between answers in its own words, which are told as they are.
  }
  const parsed = statusSchema.safeParse(document);
  if (!parsed.success) return new KubernetesError(status, 'Unknown', text.slice(0, 200).trim());
  const { reason = 'Unknown', message = '' } = parsed.data;
  return new KubernetesError(status, reason, message.slice(0, 500));
}

/** Whether the same request may succeed in a moment; a creation by name is safe to repeat. */
function passes({ status, reason }: KubernetesError): boolean {
  if (status === 0 || status === TOO_MANY_REQUESTS || status >= 500) return true;
  return status === CONFLICT && reason !== 'AlreadyExists';
}

function pauseOf(response: Response | undefined, attempt: number): number {
  const seconds = Number(response?.headers.get('retry-after') ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0
    ? seconds * 1000
    : FIRST_PAUSE_MILLISECONDS * 2 ** (attempt - 1);
}

const sleep = async (milliseconds: number): Promise<void> =>
  await new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });

export class KubernetesApi {
  readonly #cluster: KubernetesCluster;

  constructor(cluster: KubernetesCluster) {
    this.#cluster = cluster;
  }

  /** @throws KubernetesError */
  async get<Result>(path: string, schema: z.ZodType<Result>): Promise<Result> {
    const document = await this.#call('GET', path);
    const parsed = schema.safeParse(document);
    if (parsed.success) return parsed.data;
    const { field, fault } = firstIssue(parsed.error);
    throw new KubernetesError(200, 'Unknown', `${path} has no usable ${field}: ${fault}`);
  }

  /** @throws KubernetesError */
  async create(path: string, document: object): Promise<void> {
    await this.#call('POST', path, JSON.stringify(document));
  }

  async #call(method: 'GET' | 'POST', path: string, body?: string): Promise<unknown> {
    const { pause = sleep } = this.#cluster;
    for (let attempt = 1; ; attempt++) {
      const { error, response } = await this.#attempt(method, path, body);
      if (error === undefined) return response;
      const wait = pauseOf(response, attempt);
      if (!passes(error) || attempt === ATTEMPTS || wait > LONGEST_PAUSE_MILLISECONDS) throw error;
      await pause(wait);
    }
  }

  async #attempt(
    method: string,
    path: string,
    body: string | undefined,
  ): Promise<
    | { readonly error?: undefined; readonly response: unknown }
    | { readonly error: KubernetesError; readonly response: Response | undefined }
  > {
    const { url, namespace, token, send = fetch, callMilliseconds = CALL_MILLISECONDS } = this.#cluster;
    try {
      return await withTimeLimit(undefined, callMilliseconds, async (signal) => {
        const response = await send(
          new Request(`${url}/apis/batch/v1/namespaces/${namespace}/${path}`, {
            method,
            headers: {
              authorization: `Bearer ${await token()}`,
              accept: 'application/json',
              ...(body === undefined ? {} : { 'content-type': 'application/json' }),
            },
            ...(body === undefined ? {} : { body }),
            // The token is for this server alone.
            redirect: 'manual',
            signal,
          }),
        );
        if (response.ok) return { response: await response.json() };
        return { error: await readError(response), response };
      });
    } catch (error) {
      const message = messageWithCause(error);
      return { error: new KubernetesError(0, 'NoAnswer', message), response: undefined };
    }
  }
}
