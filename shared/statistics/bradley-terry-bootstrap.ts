/** Bradley-Terry strengths with seeded bootstrap intervals over many systems. */
import { bradleyTerry } from './bradley-terry.ts';
import type { BradleyTerryOptions, Comparison } from './bradley-terry.ts';
import type { BootstrapOptions } from './bootstrap.ts';
import { definedOrNull, requireConfidence, StatisticsInputError, UndefinedStatisticError } from './errors.ts';
import type { Interval } from './interval.ts';
import { resampleIndices } from './resample.ts';
import { sortedQuantile } from './summary.ts';

/** One line of a ranking, strongest first. */
interface RankedSystem {
  readonly system: string;
  readonly strength: number;
  readonly interval: Interval;
  /** Mean probability of winning against each of the other systems under the model. */
  readonly meanWinRate: number;
}

export interface Ranking {
  readonly systems: readonly RankedSystem[];
  readonly resamples: number;
  /** Resamples without finite strengths, left out of the intervals; above a few per cent, set `tiesAdded`. */
  readonly undefinedResamples: number;
}

/**
 * Strengths with percentile intervals. Resampling is by cluster, so that all comparisons of a prompt move together.
 *
 * @param clusters the cluster (prompt) of each comparison
 * @throws as bradleyTerry; UndefinedStatisticError if more than half of the resamples are undefined
 */
export function rankSystems(
  comparisons: readonly Comparison[],
  clusters: readonly (string | number)[],
  options: BootstrapOptions & BradleyTerryOptions,
): Ranking {
  const { seed, resamples = 1000, confidence = 0.95 } = options;
  requireConfidence(confidence);
  if (clusters.length !== comparisons.length) {
    throw new StatisticsInputError(
      `${comparisons.length} comparisons and ${clusters.length} clusters: give each comparison its prompt`,
    );
  }
  const strengths = bradleyTerry(comparisons, options);
  const members = [...Map.groupBy(comparisons.keys(), (row) => clusters[row]).values()].map((rows) =>
    rows.flatMap((row) => comparisons[row] ?? []),
  );
  const draws = new Map([...strengths.keys()].map((system) => [system, [] as number[]]));
  const drawn = new Uint32Array(members.length);
  let defined = 0;
  for (let resample = 0; resample < resamples; resample++) {
    const rows = Array.from(
      resampleIndices(drawn, seed, resample),
      (cluster) => members[cluster] ?? [],
    ).flat();
    const sample = definedOrNull(() => bradleyTerry(rows, options));
    if (sample?.size !== strengths.size) continue;
    defined++;
    for (const [system, strength] of sample) draws.get(system)?.push(strength);
  }
  if (defined * 2 < resamples) {
    throw new UndefinedStatisticError(
      `the strengths are undefined in ${resamples - defined} of ${resamples} resamples: set tiesAdded or judge more prompts`,
    );
  }
  const systems = [...strengths].map(([system, strength]) => {
    const ascending = Float64Array.from(draws.get(system) ?? []).sort();
    const others = [...strengths].filter(([other]) => other !== system);
    const interval = {
      lower: sortedQuantile(ascending, (1 - confidence) / 2),
      upper: sortedQuantile(ascending, (1 + confidence) / 2),
      confidence,
    };
    const sum = others.reduce((total, [, other]) => total + 1 / (1 + Math.exp(other - strength)), 0);
    return { system, strength, interval, meanWinRate: sum / others.length };
  });
  systems.sort((a, b) => b.strength - a.strength || (a.system < b.system ? -1 : 1));
  return { systems, resamples, undefinedResamples: resamples - defined };
}
