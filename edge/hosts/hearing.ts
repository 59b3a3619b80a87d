/**
 * Whether this process could hear anybody: a timer marks the time, and where marks are missing it was stopped, had no
 * processor, or its clock jumped. A Worker has nothing like it: it is there whenever somebody asks.
 */
import { HEARING_MILLISECONDS } from '../store/leases/absence.ts';

const MARK_MILLISECONDS = 1000;

export class Hearing {
  readonly #clock: () => number;
  readonly #tell: (line: string) => void;
  #markedAt: number;
  #missed = 0;
  #passing: Promise<void> | undefined;

  /** @param tell told of every gap, in a line */
  constructor(clock: () => number, tell: (line: string) => void) {
    this.#clock = clock;
    this.#tell = tell;
    this.#markedAt = clock();
  }

  /** @returns stops it */
  start(): () => void {
    const timer = setInterval(() => this.mark(), MARK_MILLISECONDS);
    return () => clearInterval(timer);
  }

  mark(): void {
    const now = this.#clock();
    const gap = now - this.#markedAt;
    this.#markedAt = now;
    if (gap <= HEARING_MILLISECONDS) return;
    this.#missed += gap;
    this.#tell(`The edge heard nobody for ${gap} ms: every lease lasts longer by as much`);
  }

  /**
   * Resolves when the leases are as long as they have to be, whoever makes them so.
   *
   * @param lengthen given the milliseconds in which nobody was heard since the last time; called where there were any
   */
  async passOn(lengthen: (milliseconds: number) => Promise<void>): Promise<void> {
    this.mark();
    // Its failure is told to who began it; what is missed then is still to be passed on, below.
    while (this.#passing) await this.#passing.catch(() => undefined);
    const missed = this.#missed;
    if (missed === 0) return;
    this.#missed = 0;
    this.#passing = lengthen(missed);
    try {
      await this.#passing;
    } catch (error) {
      this.#missed += missed;
      throw error;
    } finally {
      this.#passing = undefined;
    }
  }
}
