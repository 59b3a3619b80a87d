/** Looks on: which runner holds what, and whether anything is accepted that must not be. */
import type { Runner } from './machines.ts';
import type { Point } from './proxy.ts';
import type { Operation } from './traffic.ts';

/** Without effect on a task. */
const READS: ReadonlySet<Operation> = new Set(['claim', 'get-artifact']);
/** The edge's disk is full, or it is overloaded: both told, and asked again. */
const EXPECTED_FAULTS: ReadonlySet<number> = new Set([503, 507]);

/** What was asked of the edge, when, and its answer. */
type Answered = Pick<Point, 'operation' | 'taskId' | 'epoch' | 'status' | 'askedAt'>;

export class Watch {
  /** The newest lease of each task that was given out, and when. */
  readonly #newest = new Map<string, { readonly epoch: number; readonly at: number }>();
  readonly #held = new Map<Runner, string>();
  /** Writes that were accepted although the lease had been given to somebody else before they were asked. */
  unfenced = 0;
  /** Answers that say that something broke inside the edge. */
  serverErrors = 0;

  /** The task that a runner works on. */
  heldBy(runner: Runner): string | undefined {
    return this.#held.get(runner);
  }

  onPoint(runner: Runner, point: Point): void {
    if (point.phase !== 'answered') return;
    const { lease, operation, status = 0 } = point;
    if (lease) {
      this.#held.set(runner, lease.id);
      const known = this.#newest.get(lease.id);
      // A repeated claim finds the same lease.
      if (!known || known.epoch < lease.epoch)
        this.#newest.set(lease.id, { epoch: lease.epoch, at: performance.now() });
    }
    if (status < 300 && (operation === 'complete' || operation === 'fail')) this.#held.delete(runner);
    this.onAnswer(point);
  }

  onAnswer({ operation, taskId, epoch, status = 0, askedAt }: Answered): void {
    if (status >= 500 && !EXPECTED_FAULTS.has(status)) this.serverErrors += 1;
    if (READS.has(operation) || taskId === undefined || epoch === undefined || status >= 300) return;
    const newest = this.#newest.get(taskId);
    if (newest && newest.epoch > epoch && newest.at < askedAt) this.unfenced += 1;
  }
}
