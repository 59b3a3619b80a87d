/** What each judge says of all systems: match-ups, scores, and one ranking. */
import { rankSystems } from '../statistics/bradley-terry-bootstrap.ts';
import { definedOrNull } from '../statistics/errors.ts';
import { significanceGroups } from '../statistics/significance-groups.ts';
import { clusterMean } from './cluster-mean.ts';
import type { ExamReport, JudgeReport, MatchUp } from './document.ts';
import type { ExperimentEvidence } from './evidence.ts';
import { withCorrected } from './exams.ts';
import { judgeConduct } from './judge-conduct.ts';
import { withPeople } from './peoples-labels.ts';
import { matchUpsOf, pairsOfSystems, scoreTable, type PairOfSystems, type ScoreTable } from './match-ups.ts';

/** Ties added to each pair of systems, so that one that wins everything keeps a finite strength. */
const TIES_ADDED = 1;
const RESAMPLES = 200;

/** Chance of any false finding among all pairs of a judge. */
const LEVEL = 0.05;

/** One report a judge, in the order in which judges occur. @param exams by the judge's name */
export function judgeReports(
  experiments: readonly ExperimentEvidence[],
  exams: ReadonlyMap<string, ExamReport>,
): JudgeReport[] {
  const judges = new Set(experiments.flatMap(({ comparisons }) => comparisons.map(({ judge }) => judge)));
  return [...judges].map((judge) => {
    const scores = scoreTable(experiments, judge);
    const pairs = pairsOfSystems(experiments, judge, scores);
    const exam = exams.get(judge);
    const corrected = withCorrected(matchUpsOf(pairs), pairs, exam);
    const matchUps = withPeople(corrected, experiments, judge);
    return {
      judge,
      exam,
      conduct: judgeConduct(experiments, judge),
      matchUps,
      scores: meanScores(scores),
      ranking: ranking(pairs, matchUps),
    };
  });
}

function meanScores(scores: ScoreTable): JudgeReport['scores'] {
  return [...scores].map(([system, byPlace]) => ({
    system,
    score: clusterMean(
      [...byPlace].map(([place, value]) => ({ promptId: place.slice(place.indexOf('/') + 1), value })),
    ),
  }));
}

/** Bradley-Terry over all pairs; all comparisons of a prompt are resampled together. */
function ranking(pairs: readonly PairOfSystems[], matchUps: readonly MatchUp[]): JudgeReport['ranking'] {
  const rows = pairs.flatMap(({ first, second, shares }) =>
    shares.map(({ share, promptId }) => ({ first, second, score: share, promptId })),
  );
  if (rows.length === 0) return null;
  return definedOrNull(() => {
    const { systems } = rankSystems(
      rows,
      rows.map(({ promptId }) => promptId),
      { seed: 1, resamples: RESAMPLES, tiesAdded: TIES_ADDED },
    );
    const groups = significanceGroups(
      systems.map(({ system }) => system),
      (one, other) => areTold(matchUps, one, other),
    );
    return systems.map(({ system, strength, interval, meanWinRate }, place) => ({
      system,
      strength: { value: strength, interval },
      meanWinRate,
      groups: groups[place] ?? '',
    }));
  });
}

/** Whether the judge tells two systems apart, at 5 % for all of its pairs together. */
function areTold(matchUps: readonly MatchUp[], one: string, other: string): boolean {
  const found = matchUps.find(
    ({ first, second }) => (first === one && second === other) || (first === other && second === one),
  );
  return (found?.adjustedP ?? 1) < LEVEL;
}
