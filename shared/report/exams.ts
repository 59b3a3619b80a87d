/** What judges are worth, from experiments that examined them, and win rates as people would give them. */
import { examineResult } from '../api/tasks/examine.ts';
import { correctedWinRate } from '../statistics/corrected-win-rate.ts';
import { effectiveShare } from '../statistics/effective-share.ts';
import type { ExamReport, MatchUp } from './document.ts';
import { ReportError, type ExperimentEvidence } from './evidence.ts';
import { BASE, type PairOfSystems } from './match-ups.ts';

/**
 * By the judge's name.
 *
 * @param exams experiments of the method examine-judges
 * @throws ReportError if one examined nobody, or a judge was examined twice
 */
export function examReports(exams: readonly ExperimentEvidence[]): Map<string, ExamReport> {
  const found = new Map<string, ExamReport>();
  for (const { method, seed, results } of exams) {
    const result = results['examine']?.[0];
    if (result === undefined || result === null) {
      throw new ReportError(
        `${method} with seed ${seed} examined no judge: give experiments of examine-judges`,
      );
    }
    for (const exam of examineResult.parse(result).exams) {
      if (found.has(exam.judge)) {
        throw new ReportError(`the judge ${exam.judge} was examined twice: give one exam of each judge`);
      }
      const { n, agreed, ties, effectivePairs, accuracy, interval, lengthOnly, atEqualLength } = exam;
      found.set(exam.judge, {
        n,
        agreed,
        ties,
        effectivePairs,
        accuracy: { value: accuracy, interval },
        lengthOnlyAccuracy: { value: lengthOnly.accuracy, interval: lengthOnly.interval },
        atEqualLength: atEqualLength && { value: atEqualLength.accuracy, interval: atEqualLength.interval },
        brier: exam.probabilities?.brier ?? null,
        expectedCalibrationError: exam.probabilities?.expectedCalibrationError ?? null,
        positionBias: exam.positionBias?.bias ?? null,
        consistency: exam.positionBias?.consistency ?? null,
      });
    }
  }
  return found;
}

/** Match-ups against the base with the rate that people would give; all as they are where nobody examined the judge. */
export function withCorrected(
  matchUps: readonly MatchUp[],
  pairs: readonly PairOfSystems[],
  exam: ExamReport | undefined,
): MatchUp[] {
  return matchUps.map((matchUp, index) => {
    const pair = pairs[index];
    if (exam === undefined || pair?.second !== BASE) return matchUp;
    return Object.assign({}, matchUp, { corrected: correctedRate(pair, exam) });
  });
}

/**
 * Both counts are taken as the independent trials that would leave them as uncertain, since several seeds answer the same
 * prompts, and ties vary less than wins and losses.
 */
function correctedRate(
  { shares }: PairOfSystems,
  { agreed, n, effectivePairs }: ExamReport,
): NonNullable<MatchUp['corrected']> {
  const judged = effectiveShare(
    shares.map(({ share }) => share),
    shares.map(({ promptId }) => promptId),
  );
  const right = { successes: (agreed / n) * effectivePairs, n: effectivePairs };
  const { rate, interval, isExplained } = correctedWinRate(judged, right);
  return { rate: { value: rate, interval }, isExplained };
}
