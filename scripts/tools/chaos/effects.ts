/** What each kind of fault does, to the processes, to their traffic, to the edge's disk and clock, and to stored bytes. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Damage } from './damage.ts';
import type { Fault, FaultKind } from './fault-plan.ts';
import type { Machines, Runner } from './machines.ts';
import { Broken, type Point } from './proxy.ts';
import type { Watch } from './watch.ts';

export interface Situation {
  readonly fault: Fault;
  /** Whose traffic came to the point. */
  readonly runner: Runner;
  readonly point: Point;
  readonly machines: Machines;
  readonly watch: Watch;
  readonly damage: Damage;
  /**
   * Resolves at the `count`-th point from now on that is wished; after so many milliseconds without, or when the round has
   * ended, all the same.
   */
  readonly next: (
    wished: (runner: Runner, point: Point) => boolean,
    most: number,
    count?: number,
  ) => Promise<void>;
}

/**
 * Strikes. The traffic waits at the point until `release` is called, and breaks there where it is called with a reason;
 * the next fault of the round waits until the effect has ended.
 */
type Effect = (situation: Situation, release: (broken?: Broken) => void) => Promise<void>;

/** A lease of the edge is that long. */
const LEASE = 60_000;
const MINUTE = 60_000;
/** What is waited for comes in a second or two on a quiet machine. */
const PATIENCE = 2 * MINUTE;

const passed = ({ phase }: Point) => phase === 'passed-on';

/** Whether a fault keeps a runner from its task for longer than a lease: it has lost it then. */
export const outlastsLease = ({ kind, size }: Pick<Fault, 'kind' | 'size'>) =>
  kind === 'stop-runner' && size > 0.8;

export const EFFECTS: Readonly<Record<FaultKind, Effect>> = {
  'kill-runner': async ({ machines, runner, next }, release) => {
    await machines.kill(runner);
    release();
    await next((other, point) => other === runner && passed(point), PATIENCE);
  },

  'kill-edge': async ({ machines, next }, release) => {
    await machines.kill('edge');
    release();
    await next((_, point) => passed(point), PATIENCE);
  },

  /** For a second or two, or until the other one has its task; what it says then must be held back. */
  'stop-runner': async ({ fault, machines, watch, runner, next }, release) => {
    const task = watch.heldBy(runner);
    machines.signal(runner, 'SIGSTOP');
    release();
    if (outlastsLease(fault) && task !== undefined) {
      await next((other, point) => other !== runner && point.lease?.id === task, PATIENCE);
      await next((other) => other !== runner, PATIENCE, 1 + fault.skip * 3);
    } else {
      await sleep(fault.size * 3000);
    }
    machines.signal(runner, 'SIGCONT');
  },

  /** For some seconds, or for longer than every lease. */
  'stop-edge': async ({ fault: { size }, machines }, release) => {
    machines.signal('edge', 'SIGSTOP');
    release();
    await sleep(size > 0.9 ? LEASE + 5000 : size * 4000);
    machines.signal('edge', 'SIGCONT');
  },

  break: async (_, release) => release(new Broken('the connection broke')),

  delay: async ({ fault }, release) => {
    await sleep(100 + fault.size * 3000);
    release();
  },

  /** What was asked later comes first. */
  reorder: async ({ fault, point, next }, release) => {
    const isLater = (_: Runner, other: Point) => passed(other) && other.askedAt > point.askedAt;
    await next(isLater, 5000, 1 + Math.floor(fault.size * 3));
    release();
  },

  /** Its copy just before it or just behind. */
  duplicate: async (situation, release) => {
    await copy(situation);
    release();
  },

  /** Its copy comes long after it: the task has gone on, or is somebody else's. */
  'late-copy': async (situation, release) => {
    release();
    await situation.next((_, point) => passed(point), MINUTE, 1 + Math.floor(situation.fault.size * 12));
    await copy(situation);
  },

  'full-disk': async ({ fault, machines }, release) => {
    machines.set({ isDiskFull: true });
    release();
    await sleep(200 + fault.size * 2000);
    machines.set({ isDiskFull: false });
  },

  'slow-disk': async ({ fault, machines }, release) => {
    machines.set({ writeMilliseconds: 20 + fault.size * 200 });
    release();
    await sleep(3000);
    machines.set({ writeMilliseconds: 0 });
  },

  /** Behind the end of every lease, up to hours behind it. */
  'clock-ahead': async ({ fault, machines }, release) => {
    machines.set({ clockAhead: machines.state.clockAhead + (2 + fault.size * 180) * MINUTE });
    release();
  },

  'clock-back': async ({ fault, machines }, release) => {
    machines.set({ clockAhead: machines.state.clockAhead - (1 + fault.size * 120) * MINUTE });
    release();
  },

  /** Of a checkpoint that somebody resumes from, of an output, or of an input; mended once it has been met with. */
  flip: async ({ fault, machines, runner, point, damage, next }, release) => {
    const { sha256, operation } = point;
    const isFlipped = sha256 !== undefined && (await damage.flip(sha256, fault.size));
    if (isFlipped && operation === 'put-checkpoint') await machines.kill(runner);
    release();
    if (!isFlipped) return;
    if (operation === 'put-checkpoint') {
      await next((_, other) => passed(other) && other.operation === 'checkpoint', PATIENCE);
    } else {
      await next((_, other) => passed(other) && other.operation === 'fail', 4000);
      await damage.mend();
    }
  },
};

/** What broke is no copy. */
async function copy({ point, watch }: Situation): Promise<void> {
  const askedAt = performance.now();
  const status = await point.again().catch(() => undefined);
  watch.onAnswer({ ...point, status, askedAt });
}
