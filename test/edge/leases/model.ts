/**
 * What leases must do, said a second time and without a database: the explorer holds the store to it.
 * It shares no code with the store.
 */

export interface ModelTask {
  readonly id: string;
  status: 'queued' | 'leased' | 'succeeded' | 'failed' | 'cancelled';
  epoch: number;
  runner: number | null;
  claim: string | null;
  expiresAt: number;
  availableAt: number;
  sequence: number;
  failures: number;
  expirations: number;
  checkpoint: number | null;
  cancelRequested: boolean;
  /** Experiments that still wait for it. */
  wanted: Set<number>;
  readonly points: Map<number, number>;
  /** Epoch -> code of the failure. */
  readonly failed: Map<number, string>;
}

/** What the store must answer. */
export type Answer =
  | { readonly kind: 'lease'; readonly task: string; readonly epoch: number }
  | { readonly kind: 'none' | 'applied' | 'repeated' | 'done' }
  | {
      readonly kind: 'refused';
      readonly code: 'lease-lost' | 'report-out-of-order' | 'forbidden' | 'conflict';
    };

const LEASE = 60_000;
const LOST: Answer = { kind: 'refused', code: 'lease-lost' };

export class Model {
  readonly tasks: ModelTask[];

  constructor(ids: readonly string[], now: number) {
    this.tasks = ids.map((id) => ({
      id,
      status: 'queued',
      epoch: 0,
      runner: null,
      claim: null,
      expiresAt: 0,
      availableAt: now,
      sequence: 0,
      failures: 0,
      expirations: 0,
      checkpoint: null,
      cancelRequested: false,
      wanted: new Set([0]),
      points: new Map(),
      failed: new Map(),
    }));
  }

  clone(): Model {
    const copy = new Model([], 0);
    for (const task of this.tasks) {
      const { wanted, points, failed } = task;
      const sets = { wanted: new Set(wanted), points: new Map(points), failed: new Map(failed) };
      copy.tasks.push({ ...task, ...sets });
    }
    return copy;
  }

  get ended(): boolean {
    return this.tasks.every(({ status }) => status !== 'queued' && status !== 'leased');
  }

  #loseLease(task: ModelTask, code: string, now: number): void {
    task.failed.set(task.epoch, code);
    task.expirations += 1;
    task.availableAt = now;
    if (task.cancelRequested) task.status = 'cancelled';
    else task.status = task.expirations >= 20 ? 'failed' : 'queued';
  }

  claim(runner: number, claim: string, now: number): Answer {
    const known = this.tasks.find((task) => task.claim === claim);
    if (known) {
      const held = known.status === 'leased' && known.runner === runner;
      return held ? { kind: 'lease', task: known.id, epoch: known.epoch } : { kind: 'none' };
    }
    for (const task of this.tasks) {
      if (task.status === 'leased' && task.runner === runner) this.#loseLease(task, 'runner-restarted', now);
    }
    const task = this.tasks.find(({ status, availableAt }) => status === 'queued' && availableAt <= now);
    if (!task) return { kind: 'none' };
    task.status = 'leased';
    task.epoch += 1;
    task.runner = runner;
    task.claim = claim;
    task.expiresAt = now + LEASE;
    task.sequence = 0;
    return { kind: 'lease', task: task.id, epoch: task.epoch };
  }

  expire(now: number): void {
    for (const task of this.tasks) {
      if (task.status === 'leased' && task.expiresAt <= now) this.#loseLease(task, 'lease-expired', now);
    }
  }

  /** The task, if this runner holds it in this epoch; else what it is told. */
  #held(runner: number, id: string, epoch: number): ModelTask | Answer {
    const task = this.tasks.find((candidate) => candidate.id === id);
    if (!task) throw new Error(`the model has no task ${id}`);
    if (task.epoch === epoch && task.runner !== runner) return { kind: 'refused', code: 'forbidden' };
    return task.status === 'leased' && task.epoch === epoch ? task : LOST;
  }

  report(
    runner: number,
    id: string,
    epoch: number,
    sequence: number,
    points: readonly (readonly [step: number, value: number])[],
    now: number,
  ): Answer {
    const task = this.#held(runner, id, epoch);
    if ('kind' in task) return task;
    if (sequence <= task.sequence) return { kind: 'repeated' };
    if (sequence > task.sequence + 1) return { kind: 'refused', code: 'report-out-of-order' };
    task.sequence = sequence;
    task.expiresAt = now + LEASE;
    for (const [step, value] of points) task.points.set(step, value);
    return { kind: 'applied' };
  }

  checkpoint(runner: number, id: string, epoch: number, step: number, now: number): Answer {
    const task = this.#held(runner, id, epoch);
    if ('kind' in task) return task;
    if (task.checkpoint !== null && step < task.checkpoint) return { kind: 'refused', code: 'conflict' };
    if (task.checkpoint === null || step > task.checkpoint) {
      task.failures = 0;
      task.expirations = 0;
    }
    task.checkpoint = step;
    task.expiresAt = now + LEASE;
    return { kind: 'done' };
  }

  complete(runner: number, id: string, epoch: number): Answer {
    const task = this.#held(runner, id, epoch);
    if ('kind' in task) return task;
    task.status = 'succeeded';
    return { kind: 'done' };
  }

  fail(runner: number, id: string, epoch: number, retryable: boolean, now: number): Answer {
    const task = this.#held(runner, id, epoch);
    if ('kind' in task) return task;
    task.failed.set(epoch, 'broken');
    task.availableAt = now + Math.min(1000 * 2 ** task.failures, 60_000);
    task.failures += 1;
    if (task.cancelRequested) task.status = 'cancelled';
    else task.status = retryable && task.failures < 5 ? 'queued' : 'failed';
    return { kind: 'done' };
  }

  /** An experiment ends: what no other one waits for is cancelled. */
  cancel(experiment: number): void {
    for (const task of this.tasks) {
      if (!task.wanted.delete(experiment) || task.wanted.size > 0) continue;
      if (task.status === 'queued') task.status = 'cancelled';
      if (task.status === 'leased') task.cancelRequested = true;
    }
  }

  /** Another experiment asks for the same work. */
  share(experiment: number, now: number): void {
    for (const task of this.tasks) {
      task.wanted.add(experiment);
      task.cancelRequested = false;
      if (task.status !== 'failed' && task.status !== 'cancelled') continue;
      task.status = 'queued';
      task.failures = 0;
      task.expirations = 0;
      task.availableAt = now;
    }
  }
}
