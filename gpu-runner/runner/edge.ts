/** The edge as a runner uses it: every call repeated through what passes, bounded in time, and fenced by its epoch. */
import { createHash, randomUUID } from 'node:crypto';
import { open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiError, createClient, type Client } from '../../shared/api/client.ts';
import { ARTIFACT_DAMAGED, MAXIMUM_PUT_BYTES } from '../../shared/api/artifacts.ts';
import type { ClaimedTask, Heartbeat } from '../../shared/api/tasks.ts';
import type { TaskKind } from '../../shared/api/tasks/kinds.ts';
import { createIdentifier } from '../../shared/identifier.ts';
import { retry } from '../../shared/retry.ts';
import { withTimeLimit } from '../../shared/with-time-limit.ts';
import type { ArtifactBytes, ArtifactFile } from '../tasks/task-context.ts';
import type { Done } from './engine-calls.ts';
import type { Failure } from './failure.ts';
import { UserError } from '../../shared/user-error.ts';
import { messageWithCause } from '../../shared/caught.ts';

/** The lease is another runner's, or the task has ended: nothing more may be written for it. */
export class LeaseLostError extends Error {
  override readonly name = 'LeaseLostError';
}

/** Stored bytes are gone or not those of their hash. The edge looks at them, and resumes from an older checkpoint. */
export class DamagedArtifactError extends UserError {
  override readonly name = 'DamagedArtifactError';

  constructor(fault: string, cause?: unknown) {
    super(fault, { code: ARTIFACT_DAMAGED, cure: 'Put its bytes again', retryable: true, cause });
  }
}

function isDamaged(error: unknown): error is ApiError {
  return error instanceof ApiError && error.problem.type === `urn:rlcd:problem:${ARTIFACT_DAMAGED}`;
}

/** The edge was silent for longer than this runner waits; whoever pays for its machine would rather have it end. */
export class EdgeSilentError extends UserError {
  override readonly name = 'EdgeSilentError';
  override readonly code = 'edge-silent';
}

interface EdgeOptions {
  readonly baseUrl: string;
  readonly key: string;
  readonly log: (line: string) => void;
  /** Called whenever the edge has answered. */
  readonly onAnswer?: () => Promise<void>;
  /** How long it may stay silent; null: for ever. */
  readonly patienceSeconds: number | null;
  /** Milliseconds that only rise. */
  readonly clock?: () => number;
}

/** What is stored, readable part by part. */
interface Source extends Omit<ArtifactFile, 'file'> {
  readonly part: (start: number, end: number) => Promise<Uint8Array<ArrayBuffer>>;
}

type RunnerDescription = Parameters<Client['claimTask']>[0]['body']['runner'];

const DELAYS = { firstDelayMs: 200, largestDelayMs: 5000 };
/** A connection that says nothing for so long is taken for dead. */
const CALL_TIMEOUT_MS = 30_000;
/** A heartbeat's: three that go nowhere fit into a lease. */
const HEARTBEAT_TIMEOUT_MS = 15_000;
const TRANSFER_TIMEOUT_MS = 300_000;

/** Whether an error passes by itself: the network's, a time-out, or an edge that is starting or overloaded. */
function isPassing(error: unknown): boolean {
  if (error instanceof ApiError) return error.retryable;
  if (error instanceof DOMException) return error.name === 'TimeoutError';
  return error instanceof TypeError && /fetch failed|terminated|network/i.test(error.message);
}

function isLeaseLost(error: unknown): boolean {
  return error instanceof ApiError && error.problem.type === 'urn:rlcd:problem:lease-lost';
}

export class Edge {
  readonly #client: Client;
  readonly #options: EdgeOptions;
  readonly #clock: () => number;
  #answeredAt: number;

  constructor(options: EdgeOptions) {
    this.#options = options;
    this.#clock = options.clock ?? performance.now.bind(performance);
    this.#answeredAt = this.#clock();
    this.#client = createClient({ baseUrl: options.baseUrl, key: options.key });
  }

  /** Takes the next task; null and a pause where nothing waits. A repeated request finds the same lease. */
  async claim(
    runner: RunnerDescription,
    kinds: TaskKind[],
    signal: AbortSignal,
  ): Promise<{ task: ClaimedTask | null; retryAfterSeconds: number }> {
    // By the process's own clock, which never goes back: a copy that comes late is known by its age.
    const claimId = createIdentifier(Math.floor(performance.timeOrigin + performance.now()));
    const body = { claimId, runner, kinds };
    return await this.#call('claim', CALL_TIMEOUT_MS, signal, (options) =>
      this.#client.claimTask({ body }, options),
    );
  }

  /** @throws LeaseLostError */
  async report(taskId: string, heartbeat: Heartbeat, signal: AbortSignal): Promise<{ cancel: boolean }> {
    return await this.#call('report', HEARTBEAT_TIMEOUT_MS, signal, (options) =>
      this.#client.reportTask({ parameters: { taskId }, body: heartbeat }, options),
    );
  }

  /** @throws LeaseLostError */
  async checkpoint(
    taskId: string,
    checkpoint: { readonly epoch: number; readonly sha256: string; readonly step: number },
    signal: AbortSignal,
  ): Promise<void> {
    await this.#call('checkpoint', CALL_TIMEOUT_MS, signal, (options) =>
      this.#client.checkpointTask({ parameters: { taskId }, body: checkpoint }, options),
    );
  }

  /** @throws LeaseLostError; DamagedArtifactError where what was put is not what is stored by now */
  async complete(
    taskId: string,
    epoch: number,
    { outputs, result }: Done,
    signal: AbortSignal,
  ): Promise<void> {
    const body = { epoch, outputs: [...outputs], result };
    await this.#call('complete', CALL_TIMEOUT_MS, signal, (options) =>
      this.#client.completeTask({ parameters: { taskId }, body }, options),
    );
  }

  /** @throws LeaseLostError */
  async fail(taskId: string, epoch: number, failure: Failure, signal: AbortSignal): Promise<void> {
    const { retryable, ...reason } = failure;
    await this.#call('fail', CALL_TIMEOUT_MS, signal, (options) =>
      this.#client.failTask({ parameters: { taskId }, body: { epoch, reason, retryable } }, options),
    );
  }

  /** An artifact's bytes, verified. @throws LeaseLostError; DamagedArtifactError if the bytes are not those of the hash */
  async get(sha256: string, taskId: string, signal: AbortSignal): Promise<Uint8Array> {
    const bytes = await this.#call('get artifact', TRANSFER_TIMEOUT_MS, signal, async (options) => {
      const response = await this.#client.downloadArtifact(
        { parameters: { sha256 }, query: { taskId } },
        options,
      );
      return new Uint8Array(await response.arrayBuffer());
    });
    const found = hashOf(bytes);
    if (found === sha256) return bytes;
    throw new DamagedArtifactError(`artifact ${sha256} arrived with SHA-256 ${found}`);
  }

  /** Stores bytes under their SHA-256, in parts where they are many. @throws LeaseLostError */
  async put(
    { kind, mediaType, bytes }: ArtifactBytes,
    task: { readonly taskId: string; readonly epoch: number },
    signal: AbortSignal,
  ): Promise<string> {
    const sha256 = hashOf(bytes);
    const source = { kind, mediaType, sha256, bytes: bytes.length };
    await this.#put(
      { ...source, part: async (start, end) => copyOf(bytes.subarray(start, end)) },
      task,
      signal,
    );
    return sha256;
  }

  /** Stores a file under its SHA-256; one part of it is held at a time. @throws LeaseLostError */
  async putFile(
    { file, ...artifact }: ArtifactFile,
    task: { readonly taskId: string; readonly epoch: number },
    signal: AbortSignal,
  ): Promise<void> {
    const handle = await open(file, 'r');
    try {
      const part = async (start: number, end: number): Promise<Uint8Array<ArrayBuffer>> => {
        const bytes = new Uint8Array(end - start);
        for (let filled = 0; filled < bytes.length;) {
          const { bytesRead } = await handle.read(bytes, filled, bytes.length - filled, start + filled);
          if (bytesRead === 0) throw new Error(`${file} has become shorter while it was sent`);
          filled += bytesRead;
        }
        return bytes;
      };
      await this.#put({ ...artifact, part }, task, signal);
    } finally {
      await handle.close();
    }
  }

  async #put(
    { kind, mediaType, sha256, bytes, part }: Source,
    task: { readonly taskId: string; readonly epoch: number },
    signal: AbortSignal,
  ): Promise<void> {
    if (bytes <= MAXIMUM_PUT_BYTES) {
      const content = await part(0, bytes);
      await this.#call('put artifact', TRANSFER_TIMEOUT_MS, signal, (options) =>
        this.#client.putArtifact(
          { parameters: { sha256 }, query: { kind, mediaType, ...task }, body: new Blob([content]) },
          options,
        ),
      );
      return;
    }
    const idempotencyKey = randomUUID();
    const upload = await this.#call('create upload', CALL_TIMEOUT_MS, signal, (options) =>
      this.#client.createUpload(
        { body: { sha256, bytes, kind, mediaType, ...task } },
        { ...options, idempotencyKey },
      ),
    );
    const uploadId = upload.id;
    for (let number = 1, start = 0; start < bytes; number++, start += MAXIMUM_PUT_BYTES) {
      const content = await part(start, Math.min(bytes, start + MAXIMUM_PUT_BYTES));
      const parameters = { uploadId, partNumber: String(number) };
      await this.#call('put part', TRANSFER_TIMEOUT_MS, signal, (options) =>
        this.#client.putUploadPart({ parameters, body: new Blob([content]) }, options),
      );
    }
    await this.#call('complete upload', TRANSFER_TIMEOUT_MS, signal, (options) =>
      this.#client.completeUpload({ parameters: { uploadId } }, options),
    );
  }

  async #call<Result>(
    what: string,
    timeoutMs: number,
    signal: AbortSignal,
    run: (options: { readonly signal: AbortSignal }) => Promise<Result>,
  ): Promise<Result> {
    try {
      const result = await retry(
        () => withTimeLimit(signal, timeoutMs, (limited) => run({ signal: limited })),
        {
          ...DELAYS,
          passing: isPassing,
          signal,
          onRetry: (error, attempt, delayMs) => {
            const fault = messageWithCause(error);
            this.#refuseSilence(error);
            this.#options.log(
              `${what} failed (${fault}); attempt ${attempt + 1} in ${(delayMs / 1000).toFixed(1)} s`,
            );
          },
        },
      );
      this.#answeredAt = this.#clock();
      await this.#options.onAnswer?.();
      return result;
    } catch (error) {
      if (isDamaged(error)) throw new DamagedArtifactError(error.problem.detail, error);
      if (isLeaseLost(error)) throw new LeaseLostError(`${what}: the lease is lost`, { cause: error });
      throw error;
    }
  }

  /** @throws EdgeSilentError where the edge has been silent for too long */
  #refuseSilence(cause: unknown): void {
    const { patienceSeconds } = this.#options;
    const seconds = (this.#clock() - this.#answeredAt) / 1000;
    if (patienceSeconds === null || seconds <= patienceSeconds) return;
    throw new EdgeSilentError(
      `the edge has not answered for ${Math.round(seconds)} s: ends, as RLCD_IDLE_SECONDS (${patienceSeconds}) asks`,
      { cause },
    );
  }
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Bytes that a request may keep while the caller writes over its own. */
function copyOf(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}

/** Waits, unless the signal aborts first; then it resolves at once. */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await sleep(milliseconds, undefined, { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}
