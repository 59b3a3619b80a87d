/** Watches the traffic, strikes where the plan says, and measures how long the work stood still. */
import type { Kill, Victim } from './kill-plan.ts';
import type { Operation, Point } from './proxy.ts';

/** An answered one of these after a kill: the work goes on. */
const WORK: ReadonlySet<Operation> = new Set(['heartbeat', 'checkpoint', 'complete']);
/** Points that may pass without the one that was planned: then the next plan's turn has come. */
const PATIENCE = 60;

export interface Struck extends Kill {
  readonly number: number;
  readonly recoverySeconds: number;
}

interface StrikerOptions {
  readonly plan: (number: number) => Kill;
  readonly firstNumber: number;
  readonly mostKills: number;
  /** Kills, and resolves when the victim is gone; what follows must start it again. */
  readonly strike: (victim: Victim) => Promise<void>;
}

export class Striker {
  readonly struck: Struck[] = [];
  readonly #options: StrikerOptions;
  #number: number;
  #passed = 0;
  #matches = 0;
  #down: { readonly kill: Kill; readonly number: number; readonly at: number } | undefined;

  constructor(options: StrikerOptions) {
    this.#options = options;
    this.#number = options.firstNumber;
  }

  /** The number of the next plan. */
  get nextNumber(): number {
    return this.#number;
  }

  async onPoint(point: Point): Promise<void> {
    if (this.#down) {
      const { status, phase, operation, askedAt } = point;
      const works = status !== undefined && status < 300 && phase === 'passed-on' && WORK.has(operation);
      if (works && askedAt > this.#down.at) this.recovered();
      return;
    }
    if (this.struck.length >= this.#options.mostKills) return;
    const number = this.#number;
    const kill = this.#options.plan(number);
    const matches = point.operation === kill.operation && point.phase === kill.phase;
    if (matches && this.#matches++ >= kill.skip) {
      this.#next();
      this.#down = { kill, number, at: performance.now() };
      await this.#options.strike(kill.victim);
    } else if (++this.#passed > PATIENCE) {
      this.#next();
    }
  }

  /** The work goes on, or is done. */
  recovered(): void {
    if (!this.#down) return;
    const { kill, number, at } = this.#down;
    this.struck.push({ ...kill, number, recoverySeconds: (performance.now() - at) / 1000 });
    this.#down = undefined;
  }

  #next(): void {
    this.#number += 1;
    this.#passed = 0;
    this.#matches = 0;
  }
}
