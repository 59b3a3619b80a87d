/** What became of a PPO run in the eyes of a judge that its reward does not know, and what the over-optimisation alarm was worth there. */
import { signFlipTest } from '../statistics/sign-flip-test.ts';
import { mean } from '../statistics/summary.ts';

/** A policy that the run kept. */
export interface KeptPolicy {
  readonly steps: number;
  /** Its share against the base, by prompt: 1 won, 0 lost, 0.5 tied. Of all policies the same prompts in the same order. */
  readonly shares: readonly number[];
}

export interface JudgedRun {
  /** The policy that wins most often; the start, which ties with itself, where none wins more. */
  readonly best: { readonly steps: number; readonly winRate: number };
  readonly last: { readonly steps: number; readonly winRate: number };
  /** That last and best differ by chance, times the policies that the best was chosen from, at most 1. */
  readonly p: number;
  /** Steps of the first kept policy from which on all are nearer to the last than to the best; null where it is not told that it fell. */
  readonly fellBy: number | null;
  readonly alarm: {
    readonly raisedAt: number | null;
    readonly chosenSteps: number;
    /** Win rate after the steps that the alarm would keep, linear between kept policies. */
    readonly winRate: number;
  };
}

/** The start and all kept policies; below it the fall is told. */
const LEVEL = 0.05;
const EVEN = 0.5;
const NO_POLICY = 'a run has at least one policy';
/** Signs are flipped by it. */
const SEED = 1;

/**
 * A run has fallen where its last policy wins less often than its best, prompt by prompt, beyond chance: p of a sign-flip test,
 * times the number of policies, since the best was chosen among them.
 *
 * @param policies by steps, ascending, at least one
 * @param raisedAt the step in which the alarm was raised, or null
 * @param chosenSteps after which the alarm would keep the policy
 */
export function judgedRun(
  policies: readonly KeptPolicy[],
  raisedAt: number | null,
  chosenSteps: number,
): JudgedRun {
  if (policies.length === 0) throw new RangeError(NO_POLICY);
  const start: KeptPolicy = { steps: 0, shares: (policies[0]?.shares ?? []).map(() => EVEN) };
  const course = [start, ...policies].map(({ steps, shares }) => ({ steps, shares, winRate: mean(shares) }));
  const [first] = course;
  const last = course.at(-1);
  if (first === undefined || last === undefined) throw new RangeError(NO_POLICY);
  const best = course.reduce((most, one) => (one.winRate > most.winRate ? one : most), first);
  const differences = best.shares.map((share, prompt) => share - (last.shares[prompt] ?? Number.NaN));
  const p = best === last ? 1 : Math.min(1, signFlipTest(differences, SEED) * policies.length);
  const middle = (best.winRate + last.winRate) / 2;
  const lastNearBest = course.findLastIndex(({ winRate }) => winRate >= middle);
  return {
    best: { steps: best.steps, winRate: best.winRate },
    last: { steps: last.steps, winRate: last.winRate },
    p,
    fellBy: p < LEVEL ? (course[lastNearBest + 1]?.steps ?? null) : null,
    alarm: { raisedAt, chosenSteps, winRate: between(course, chosenSteps) },
  };
}

/** Linear between the policies at either side; the last one's beyond it. */
function between(
  course: readonly { readonly steps: number; readonly winRate: number }[],
  steps: number,
): number {
  const after = course.findIndex((one) => one.steps >= steps);
  const right = course[after] ?? course.at(-1);
  const left = course[after - 1] ?? right;
  if (left === undefined || right === undefined) throw new RangeError(NO_POLICY);
  const width = right.steps - left.steps;
  return width === 0
    ? right.winRate
    : left.winRate + ((right.winRate - left.winRate) * (steps - left.steps)) / width;
}
