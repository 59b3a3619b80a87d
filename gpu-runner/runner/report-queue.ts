/** Reports of a task on their way to the edge: batched within the contract's limits, numbered, in order, none lost. */
import type { Heartbeat } from '../../shared/api/tasks.ts';
import type { Report } from './messages.ts';

const MAXIMUM_METRICS = 2000;
const MAXIMUM_SAMPLES = 100;

type Metrics = Heartbeat['metrics'];
type Samples = Heartbeat['samples'];

export class ReportQueue {
  readonly #epoch: number;
  #sequence = 0;
  #progress: Heartbeat['progress'];
  readonly #metrics: Metrics = [];
  readonly #samples: Samples = [];

  constructor(epoch: number) {
    this.#epoch = epoch;
  }

  add({ progress, metrics = [], samples = [] }: Report): void {
    if (progress !== undefined) this.#progress = progress;
    for (const metric of metrics) {
      // What is not finite has no place in JSON; the algorithms stop on losses that are not, so it ends nothing here.
      if (Number.isFinite(metric.value)) this.#metrics.push(metric);
      else console.error(`Not reported: ${metric.name} is ${metric.value} at step ${metric.step}`);
    }
    this.#samples.push(...samples);
  }

  /** Whether metrics or samples wait; progress alone goes with the next heartbeat. */
  get waiting(): boolean {
    return this.#metrics.length > 0 || this.#samples.length > 0;
  }

  /** The next heartbeat. It must be sent until it is answered, before the next is taken. */
  take(): Heartbeat {
    this.#sequence += 1;
    const metrics = this.#metrics.splice(0, MAXIMUM_METRICS);
    const samples = this.#samples.splice(0, MAXIMUM_SAMPLES);
    const progress = this.#progress;
    this.#progress = undefined;
    return {
      epoch: this.#epoch,
      sequence: this.#sequence,
      ...(progress === undefined ? {} : { progress }),
      metrics,
      samples,
    };
  }
}
