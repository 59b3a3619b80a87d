/** A runner of the tests: it speaks the protocol and puts made-up outputs. */
import type { TaskKind } from '../../shared/api/tasks/kinds.ts';
import { randomUUID } from 'node:crypto';
import type { Client } from '../../shared/api/client.ts';
import type { ClaimedTask } from '../../shared/api/tasks.ts';
import { ENGINE_VERSION } from '../../shared/engine-version.ts';
import type { Harness } from './harness.ts';
import { finish, putArtifact, sha256Of } from './seed.ts';

type Kind = TaskKind;

/** An edge in another process: the runner puts its outputs over HTTP, too. */
interface RemoteEdge {
  /** With a runner's key. */
  readonly client: Client;
}

export class TestRunner {
  readonly id = randomUUID();
  readonly #client: Client;
  readonly #put: (task: ClaimedTask, content: string) => Promise<string>;

  readonly #description: { readonly device: Record<string, string>; readonly launchId?: string };

  constructor(
    edge: Harness | RemoteEdge,
    { device = 'cpu', launchId }: { device?: string; launchId?: string | undefined } = {},
  ) {
    this.#description = { device: { kind: device }, ...(launchId === undefined ? {} : { launchId }) };
    if ('clients' in edge) {
      this.#client = edge.clients.runner;
      this.#put = async ({ id }, content) => await putArtifact(edge, content, 'report', id);
    } else {
      this.#client = edge.client;
      this.#put = async (task, content) => await this.#upload(task, content);
    }
  }

  async #upload({ id: taskId, epoch }: ClaimedTask, content: string): Promise<string> {
    const sha256 = sha256Of(content);
    await this.#client.putArtifact({
      parameters: { sha256 },
      query: { kind: 'report', taskId, epoch },
      body: content,
    });
    return sha256;
  }

  async claim(claimId: string = randomUUID(), kinds?: Kind[]): Promise<ClaimedTask | null> {
    const { task } = await this.#client.claimTask({
      body: {
        claimId,
        runner: {
          id: this.id,
          name: 'test runner',
          engineVersion: ENGINE_VERSION,
          ...this.#description,
        },
        ...(kinds ? { kinds } : {}),
      },
    });
    return task;
  }

  async report(
    task: ClaimedTask,
    sequence: number,
    metrics: { name: string; step: number; value: number }[] = [],
    tokens?: { prompt: number; sampled: number; scored: number; trained: number },
  ) {
    return await this.#client.reportTask({
      parameters: { taskId: task.id },
      body: {
        epoch: task.epoch,
        sequence,
        progress: { done: sequence, total: 10, unit: 'steps' },
        metrics,
        ...(tokens === undefined ? {} : { tokens }),
      },
    });
  }

  async complete(task: ClaimedTask) {
    const { result, outputs } = finish(task);
    const stored = await Promise.all(
      Object.entries(outputs).map(async ([name, content]) => ({
        name,
        sha256: await this.#put(task, content),
      })),
    );
    return await this.#client.completeTask({
      parameters: { taskId: task.id },
      body: { epoch: task.epoch, outputs: stored, result },
    });
  }

  async fail(task: ClaimedTask, code: string, retryable: boolean) {
    return await this.#client.failTask({
      parameters: { taskId: task.id },
      body: { epoch: task.epoch, reason: { code, message: 'told by the test', cure: 'none' }, retryable },
    });
  }

  /** Works until nothing is left. @returns the kinds and stages of what it did, in order */
  async drain(): Promise<string[]> {
    const done: string[] = [];
    for (let task = await this.claim(); task; task = await this.claim()) {
      await this.complete(task);
      done.push(task.stage);
    }
    return done;
  }
}
