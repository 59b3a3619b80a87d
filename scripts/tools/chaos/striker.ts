/** Watches the traffic of a round and strikes where the plan says, one fault at a time. */
import { EFFECTS, type Situation } from './effects.ts';
import type { Fault } from './fault-plan.ts';
import type { Runner } from './machines.ts';
import type { Point } from './proxy.ts';

export interface Struck extends Fault {
  /** From the strike to the end of its effect. */
  readonly seconds: number;
}

type Wished = (runner: Runner, point: Point) => boolean;

interface Waiting {
  readonly wished: Wished;
  left: number;
  readonly resolve: () => void;
}

interface StrikerOptions extends Pick<Situation, 'machines' | 'watch' | 'damage'> {
  readonly faults: readonly Fault[];
  /** Filled as they strike, so that a round which fails tells them, too. */
  readonly struck: Struck[];
  readonly effects?: typeof EFFECTS;
}

export class Striker {
  readonly struck: Struck[];
  readonly #options: StrikerOptions;
  readonly #waiting = new Set<Waiting>();
  readonly #planned: { readonly fault: Fault; skip: number }[];
  #ended = false;
  #effect: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor(options: StrikerOptions) {
    this.#options = options;
    this.struck = options.struck;
    this.#planned = options.faults.map((fault) => ({ fault, skip: fault.skip }));
  }

  async onTraffic(runner: Runner, point: Point): Promise<void> {
    this.#options.watch.onPoint(runner, point);
    for (const waiting of this.#waiting) {
      if (waiting.wished(runner, point) && --waiting.left === 0) waiting.resolve();
    }
    const here = this.#planned.filter(
      ({ fault }) => point.operation === fault.operation && point.phase === fault.phase,
    );
    const due = here.find(({ skip }) => skip === 0);
    for (const planned of here) planned.skip = Math.max(0, planned.skip - 1);
    if (!due || this.#effect || this.#ended) return;
    this.#planned.splice(this.#planned.indexOf(due), 1);
    await this.#strike(due.fault, runner, point);
  }

  /** The round is over: nothing strikes any more, and nothing is waited for. @throws what an effect threw */
  async end(): Promise<void> {
    this.#ended = true;
    for (const { resolve } of this.#waiting) resolve();
    await this.#effect;
    if (this.#failure) throw this.#failure.error;
  }

  /** Resolves when the traffic may go on. */
  async #strike(fault: Fault, runner: Runner, point: Point): Promise<void> {
    const { machines, watch, damage, effects = EFFECTS } = this.#options;
    const at = performance.now();
    const released = Promise.withResolvers<void>();
    const situation = { fault, runner, point, machines, watch, damage, next: this.#until };
    this.#effect = effects[fault.kind](situation, (broken) => {
      if (broken) released.reject(broken);
      else released.resolve();
    })
      .catch((error: unknown) => {
        this.#failure = { error };
      })
      .finally(() => {
        this.struck.push({ ...fault, seconds: (performance.now() - at) / 1000 });
        this.#effect = undefined;
        released.resolve();
      });
    await released.promise;
  }

  readonly #until = async (wished: Wished, most: number, count = 1): Promise<void> => {
    if (this.#ended) return;
    const seen = Promise.withResolvers<void>();
    const waiting = { wished, left: count, resolve: seen.resolve };
    const timer = setTimeout(seen.resolve, most);
    this.#waiting.add(waiting);
    await seen.promise;
    clearTimeout(timer);
    this.#waiting.delete(waiting);
  };
}
