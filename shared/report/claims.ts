/** The order that the paper predicts at small scale, each claim with its interval and a verdict. */
import { clusterDifference } from './cluster-mean.ts';
import type { ClaimReport, Estimate, JudgeReport } from './document.ts';
import type { ExperimentEvidence } from './evidence.ts';
import { labelValues, type GoldJudge } from './label-reports.ts';
import { meanOf } from './match-ups.ts';
import { studentInterval } from '../statistics/student-interval.ts';

export function verdictOf(
  { interval }: Pick<Estimate, 'interval'>,
  threshold: number,
): ClaimReport['verdict'] {
  if (interval.lower > threshold) return 'found';
  return interval.upper < threshold ? 'contrary' : 'undecided';
}

/** What other training runs than these would show: the seeds are draws of them, on the same prompts. */
function overRuns(perSeed: ClaimReport['perSeed'], threshold: number): ClaimReport['overRuns'] {
  if (perSeed.length < 2) return null;
  const interval = studentInterval(perSeed.map(({ value }) => value));
  return { interval, verdict: verdictOf({ interval }, threshold) };
}

/** Labels that RLCD makes by construction, against those that a model gives afterwards (paper, section 5 and table 4). */
const LABEL_CLAIMS = [
  { weaker: 'rlaif', claim: "RLCD's labels are right more often than RLAIF's" },
  { weaker: 'rlcd-rescore', claim: 'Rescoring the contrast pairs makes their labels worse' },
] as const;

/** Win rates of RLCD above a half (paper, tables 1, 2 and 5). */
const WIN_CLAIMS = ['rlaif', 'rlcd-rescore', 'context-distillation', 'base'] as const;

/** Claims about labels; those whose methods were not run are left out. */
export function labelClaims(experiments: readonly ExperimentEvidence[], gold: GoldJudge): ClaimReport[] {
  const rlcd = labelValues(experiments, 'rlcd', gold);
  return LABEL_CLAIMS.flatMap(({ weaker, claim }) => {
    const other = labelValues(experiments, weaker, gold);
    if (rlcd.length === 0 || other.length === 0) return [];
    const estimate = clusterDifference(rlcd, other);
    const quantity = `label accuracy of rlcd minus that of ${weaker}, by ${gold.name}`;
    const means = meansBySeed(other);
    const perSeed = [...meansBySeed(rlcd)].flatMap(([seed, mean]) => {
      const against = means.get(seed);
      return against === undefined ? [] : [{ seed, value: mean - against }];
    });
    const verdict = verdictOf(estimate, 0);
    return [{ claim, quantity, estimate, threshold: 0, perSeed, verdict, overRuns: overRuns(perSeed, 0) }];
  });
}

function meansBySeed(values: ReturnType<typeof labelValues>): Map<number, number> {
  const bySeed = Map.groupBy(values, ({ seed }) => seed);
  return new Map([...bySeed].map(([seed, own]) => [seed, meanOf(own.map(({ value }) => value))]));
}

/** Claims about win rates, by every judge. */
export function winClaims(judges: readonly JudgeReport[]): ClaimReport[] {
  return judges.flatMap(({ judge, matchUps }) =>
    WIN_CLAIMS.flatMap((opponent) => {
      const found = matchUps.find(({ first, second }) => first === 'rlcd' && second === opponent);
      const mirrored = matchUps.find(({ first, second }) => first === opponent && second === 'rlcd');
      const estimate = found?.rate ?? (mirrored && mirror(mirrored.rate));
      if (!estimate) return [];
      const perSeed =
        found?.perSeed ?? mirrored?.perSeed.map(({ seed, value }) => ({ seed, value: 1 - value })) ?? [];
      return [
        {
          claim: `RLCD is preferred to ${opponent}`,
          quantity: `win rate of rlcd against ${opponent}, by ${judge}`,
          estimate,
          threshold: 0.5,
          perSeed,
          verdict: verdictOf(estimate, 0.5),
          overRuns: overRuns(perSeed, 0.5),
        },
      ];
    }),
  );
}

/** The same comparison seen from the other side. */
export function mirror({ value, interval }: Estimate): Estimate {
  const { lower, upper, confidence } = interval;
  return { value: 1 - value, interval: { lower: 1 - upper, upper: 1 - lower, confidence } };
}
