/** Takes tasks one after the other until it is told to stop or has been idle for long enough. */
import { availableParallelism, totalmem } from 'node:os';
import { ENGINE_VERSION } from '../../shared/engine-version.ts';
import { TASK_KINDS } from '../../shared/api/tasks/kinds.ts';
import { type Edge, pause } from './edge.ts';
import type { Engine } from './engine.ts';
import { runSession } from './task-session.ts';

interface ClaimLoopOptions {
  readonly edge: Edge;
  readonly engine: Engine;
  readonly id: string;
  readonly name: string;
  /** What launched this runner; undefined where a person did. */
  readonly launchId: string | undefined;
  /** Where the edge reaches the models that this runner serves; undefined: it serves none. */
  readonly serveUrl: string | undefined;
  /** Null: waits for work for ever. */
  readonly idleSeconds: number | null;
  readonly stop: AbortSignal;
  readonly log: (line: string) => void;
}

/** Runs until the stop signal aborts or nothing was to be had for `idleSeconds`. */
export async function claimLoop({
  edge,
  engine,
  id,
  name,
  launchId,
  serveUrl,
  idleSeconds,
  stop,
  log,
}: ClaimLoopOptions): Promise<void> {
  const runner = {
    id,
    name,
    engineVersion: ENGINE_VERSION,
    device: {
      kind: engine.device,
      cores: availableParallelism(),
      memoryBytes: totalmem(),
      node: process.version,
    },
    ...(launchId === undefined ? {} : { launchId }),
    ...(serveUrl === undefined ? {} : { serveUrl }),
  };
  let idleSince = performance.now();
  while (!stop.aborted) {
    const claim = await edge.claim(runner, TASK_KINDS, stop).catch((error: unknown) => {
      if (stop.aborted) return null;
      throw error;
    });
    if (claim === null) return;
    const { task, retryAfterSeconds } = claim;
    if (task === null) {
      if (idleSeconds !== null && performance.now() - idleSince > idleSeconds * 1000) {
        log(`nothing to do for ${idleSeconds} s: ends`);
        return;
      }
      await pause(retryAfterSeconds * 1000, stop);
      continue;
    }
    const where = `${task.kind} ${task.id} (experiment ${task.experimentId}, epoch ${task.epoch})`;
    log(`${where}: starts${task.checkpoint === null ? '' : ` after step ${task.checkpoint.step}`}`);
    log(`${where}: ${await runSession(task, edge, engine, stop)}`);
    idleSince = performance.now();
  }
}
