/** Means over prompts that were answered several times, with an interval that resamples whole prompts. */
import { bootstrapInterval } from '../statistics/bootstrap.ts';
import type { Estimate } from './document.ts';

/** A value of one prompt; several seeds give several values of the same prompt. */
export interface PromptValue {
  readonly promptId: string;
  readonly value: number;
}

const RESAMPLES = 1000;

interface Cluster {
  sum: number;
  count: number;
}

function clustersOf(values: readonly PromptValue[]): Map<string, Cluster> {
  const clusters = new Map<string, Cluster>();
  for (const { promptId, value } of values) {
    const cluster = clusters.get(promptId) ?? { sum: 0, count: 0 };
    cluster.sum += value;
    cluster.count++;
    clusters.set(promptId, cluster);
  }
  return clusters;
}

const EMPTY: Cluster = { sum: 0, count: 0 };

/**
 * The mean of all values; 95 % percentile interval over resampled prompts.
 *
 * @throws StatisticsInputError if there is no value
 */
export function clusterMean(values: readonly PromptValue[]): Estimate {
  const clusters = [...clustersOf(values).values()];
  const meanOf = (rows: Iterable<number>) => {
    let [sum, count] = [0, 0];
    for (const row of rows) {
      const cluster = clusters[row] ?? EMPTY;
      sum += cluster.sum;
      count += cluster.count;
    }
    return sum / count;
  };
  return estimateOf(clusters.length, meanOf);
}

/**
 * The difference of two means over the same prompts: prompts of both are resampled together, so what makes a prompt
 * hard for both cancels. Prompts that only one side has count for that side alone.
 *
 * @throws StatisticsInputError if there is no value; UndefinedStatisticError if resamples often lack a side
 */
export function clusterDifference(first: readonly PromptValue[], second: readonly PromptValue[]): Estimate {
  const [a, b] = [clustersOf(first), clustersOf(second)];
  const prompts = [...new Set([...a.keys(), ...b.keys()])];
  const difference = (rows: Iterable<number>) => {
    let [sumA, countA, sumB, countB] = [0, 0, 0, 0];
    for (const row of rows) {
      const prompt = prompts[row] ?? '';
      const [one, other] = [a.get(prompt) ?? EMPTY, b.get(prompt) ?? EMPTY];
      sumA += one.sum;
      countA += one.count;
      sumB += other.sum;
      countB += other.count;
    }
    return sumA / countA - sumB / countB;
  };
  return estimateOf(prompts.length, difference);
}

function estimateOf(prompts: number, statistic: (rows: Iterable<number>) => number): Estimate {
  const { lower, upper, confidence } = bootstrapInterval(prompts, statistic, {
    seed: 1,
    resamples: RESAMPLES,
  });
  return {
    value: statistic(Array.from({ length: prompts }, (_, row) => row)),
    interval: { lower, upper, confidence },
  };
}
