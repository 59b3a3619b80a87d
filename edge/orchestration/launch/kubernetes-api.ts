/**
 * The few calls of a Kubernetes API server that launching needs: by fetch alone, so that they work in a Worker.
 * What passes by itself (429, 503, a conflict of a quota's count, the network) is tried again within bounds.
 */
import { z } from 'zod';
import type { Send } from './launcher.ts';
import { retry, retryAfterMs, type RetryOptions } from '../../../shared/retry.ts';
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
  readonly pause?: NonNullable<RetryOptions['pause']>;
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
  /** How long the server wants to be left alone, where it says so. */
  readonly afterMs: number | undefined;

  constructor(status: number, reason: string, message: string, afterMs?: number) {
    // The same request may succeed in a moment; a creation by name is safe to repeat.
    const passes = status === 0 || status === TOO_MANY_REQUESTS || status >= 500;
    super(message, { retryable: passes || (status === CONFLICT && reason !== 'AlreadyExists') });
    this.status = status;
    this.reason = reason;
    this.afterMs = afterMs;
  }
}

async function readError(response: Response): Promise<KubernetesError> {
  const { status } = response;
  const afterMs = retryAfterMs(response);
  const text = await response.text();
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    // A proxy in between answers in its own words, which are told as they are.
  }
  const parsed = statusSchema.safeParse(document);
  if (!parsed.success) return new KubernetesError(status, 'Unknown', text.slice(0, 200).trim(), afterMs);
  const { reason = 'Unknown', message = '' } = parsed.data;
  return new KubernetesError(status, reason, message.slice(0, 500), afterMs);
}

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
    const { pause } = this.#cluster;
    return await retry(async () => await this.#attempt(method, path, body), {
      passing: (error) =>
        error instanceof KubernetesError &&
        error.retryable &&
        (error.afterMs ?? 0) <= LONGEST_PAUSE_MILLISECONDS,
      attempts: ATTEMPTS,
      firstDelayMs: FIRST_PAUSE_MILLISECONDS,
      largestDelayMs: LONGEST_PAUSE_MILLISECONDS,
      askedDelayMs: (error) => (error instanceof KubernetesError ? error.afterMs : undefined),
      ...(pause === undefined ? {} : { pause }),
    });
  }

  async #attempt(method: string, path: string, body: string | undefined): Promise<unknown> {
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
        if (response.ok) return await response.json();
        throw await readError(response);
      });
    } catch (error) {
      if (error instanceof KubernetesError) throw error;
      throw new KubernetesError(0, 'NoAnswer', messageWithCause(error));
    }
  }
}
