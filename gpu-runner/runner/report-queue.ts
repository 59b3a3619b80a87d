/** Reports of a task on their way to the edge: batched within the contract's limits, numbered, in order, none lost. */
import type { Heartbeat } from '../../shared/api/tasks.ts';
import type { Report } from './engine-calls.ts';

const MAXIMUM_METRICS = 2000;
const MAXIMUM_SAMPLES = 100;

type Metrics = Heartbeat['metrics'];
type Samples = Heartbeat['samples'];

export class ReportQueue {
  readonly #epoch: number;
  #sequence = 0;
  #progress: Heartbeat['progress'];
  #tokens: Heartbeat['tokens'];
  readonly #metrics: Metrics = [];
  readonly #samples: Samples = [];

  constructor(epoch: number) {
    this.#epoch = epoch;
  }

  add({ progress, tokens, metrics = [], samples = [] }: Report): void {
    if (progress !== undefined) this.#progress = progress;
    if (tokens !== undefined) this.#tokens = sum(this.#tokens, tokens);
    for (const metric of metrics) {
      // What is not finite has no place in JSON; the algorithms stop on losses that are not, so it ends nothing here.
      if (Number.isFinite(metric.value)) this.#metrics.push(metric);
      else console.error(`Not reported: ${metric.name} is ${metric.value} at step ${metric.step}`);
    }
    this.#samples.push(...samples);
  }

  /** Whether metrics or samples wait; progress and tokens alone go with the next heartbeat. */
  get waiting(): boolean {
    return this.#metrics.length > 0 || this.#samples.length > 0;
  }

  /** Whether there is anything that the task must not end without. */
  get owing(): boolean {
    return this.waiting || this.#tokens !== undefined;
  }

  /** The next heartbeat. It must be sent until it is answered, before the next is taken. */
  take(): Heartbeat {
    this.#sequence += 1;
    const metrics = this.#metrics.splice(0, MAXIMUM_METRICS);
    const samples = this.#samples.splice(0, MAXIMUM_SAMPLES);
    const [progress, tokens] = [this.#progress, this.#tokens];
    this.#progress = undefined;
    this.#tokens = undefined;
    return {
      epoch: this.#epoch,
      sequence: this.#sequence,
      ...(progress === undefined ? {} : { progress }),
      ...(tokens === undefined ? {} : { tokens }),
      metrics,
      samples,
    };
  }
}

type Tokens = NonNullable<Heartbeat['tokens']>;

function sum(before: Tokens | undefined, more: Tokens): Tokens {
  if (before === undefined) return more;
  return {
    prompt: before.prompt + more.prompt,
    sampled: before.sampled + more.sampled,
    scored: before.scored + more.scored,
    trained: before.trained + more.trained,
  };
}
