/** What one judge is worth: its verdicts on pairs that people judged, held against what people said. */
import type { TaskResult } from '../../../shared/api/tasks/kinds.ts';
import { permutation } from '../../../shared/random.ts';
import { brierScore, calibration } from '../../../shared/statistics/calibration.ts';
import type { Share } from '../../../shared/statistics/corrected-win-rate.ts';
import { effectiveShare } from '../../../shared/statistics/effective-share.ts';
import { definedOrNull } from '../../../shared/statistics/errors.ts';
import { lengthControlledWinRate } from '../../../shared/statistics/length-controlled-win-rate.ts';
import { scoreScale } from '../../../shared/statistics/score-scale.ts';
import { sigmoid } from '../../../shared/statistics/sigmoid.ts';
import { wilsonInterval } from '../../../shared/statistics/wilson-interval.ts';
import { streamOf } from '../streams.ts';
import type { PairJudge, PairVerdict } from './pair-judge.ts';
import { conductOf, unparsableOf } from './verdict-figures.ts';

type Exam = TaskResult<'examine'>['exams'][number];

/** A pair that people judged. */
export interface ExaminedPair {
  readonly prompt: string;
  /** Whether the first response of its verdicts is the one that people preferred. */
  readonly chosenFirst: boolean;
  /** Tokens of what people preferred minus those of the other. */
  readonly lengthGap: number;
}

/**
 * @param verdicts one a pair, in order
 * @param seed draws the halves of the prompts between which scales are fitted
 * @throws StatisticsInputError if there is no pair, or not one verdict for each
 */
export function examOf(
  judge: PairJudge,
  pairs: readonly ExaminedPair[],
  verdicts: readonly PairVerdict[],
  seed: number,
): Exam {
  const agreements = verdicts.map(({ share }, row) => (pairs[row]?.chosenFirst ? share : 1 - share));
  const prompts = pairs.map(({ prompt }) => prompt);
  const gaps = pairs.map(({ lengthGap }) => lengthGap);
  const share = effectiveShare(agreements, prompts);
  return {
    judge: judge.name,
    orders: judge.orders,
    n: agreements.length,
    agreed: agreements.reduce((sum, value) => sum + value, 0),
    ties: agreements.filter((value) => value > 0 && value < 1).length,
    unparsable: unparsableOf(verdicts),
    ...accuracyOf(share),
    effectivePairs: share.n,
    probabilities: probabilitiesOf(pairs, verdicts, seed),
    lengthOnly: accuracyOf(
      effectiveShare(
        gaps.map((gap) => (1 + Math.sign(gap)) / 2),
        prompts,
      ),
    ),
    atEqualLength: atEqualLength(agreements, gaps, prompts),
    ...conductOf(judge, verdicts),
  };
}

function accuracyOf({ successes, n }: Share) {
  return { accuracy: successes / n, interval: wilsonInterval(successes, n) };
}

/** Accuracy at a gap of 0; null where no fit can tell length from quality. */
function atEqualLength(
  agreements: readonly number[],
  gaps: readonly number[],
  prompts: readonly string[],
): Exam['atEqualLength'] {
  if (isToldByLength(agreements, gaps)) return null;
  return definedOrNull(() => {
    const fit = lengthControlledWinRate(agreements, gaps, { clusters: prompts });
    return { accuracy: fit.lengthControlledRate, interval: fit.interval };
  });
}

/**
 * Whether one length parts all pairs on which the judge is right from those on which it is not, as for a judge that reads
 * nothing but length. The fit is then a step somewhere in the gap between the two, and says no more of 0 than chance does.
 */
function isToldByLength(agreements: readonly number[], gaps: readonly number[]): boolean {
  const of = (isOther: (value: number) => boolean) =>
    gaps.filter((_, row) => !isOther(agreements[row] ?? Number.NaN));
  const [right, wrong] = [of((value) => value === 0), of((value) => value === 1)];
  if (right.length === 0 || wrong.length === 0) return false;
  return Math.min(...right) > Math.max(...wrong) || Math.max(...right) < Math.min(...wrong);
}

/** Null where a verdict has neither a probability nor scores, or all pairs are of one prompt, which has no halves. */
function probabilitiesOf(
  pairs: readonly ExaminedPair[],
  verdicts: readonly PairVerdict[],
  seed: number,
): Exam['probabilities'] {
  const said = verdicts.flatMap(({ probability }) => probability ?? []);
  if (said.length === verdicts.length) return { from: 'likelihood', scales: null, ...fitOf(said, pairs) };
  const margins = verdicts.flatMap(({ firstScore, secondScore }) =>
    firstScore === null || secondScore === null ? [] : [firstScore - secondScore],
  );
  if (margins.length < verdicts.length) return null;
  const halves = halvesOf(pairs, seed);
  if (new Set(halves).size < 2) return null;
  const scales = [1, 0].map((other) =>
    scoreScale(
      margins.flatMap((margin, row) =>
        halves[row] === other ? [pairs[row]?.chosenFirst ? margin : -margin] : [],
      ),
    ),
  );
  const probabilities = margins.map((margin, row) => {
    const scale = scales[halves[row] ?? 0] ?? null;
    return scale === null ? 0.5 : sigmoid(margin / scale);
  });
  return { from: 'scores', scales, ...fitOf(probabilities, pairs) };
}

/** Which half of the prompts each pair belongs to, 0 or 1: no prompt stands in both. */
function halvesOf(pairs: readonly ExaminedPair[], seed: number): number[] {
  const prompts = [...new Set(pairs.map(({ prompt }) => prompt))];
  const order = permutation(prompts.length, seed, streamOf('exam-halves', 0));
  const first = new Set(
    Array.from(order.subarray(0, Math.ceil(prompts.length / 2)), (index) => prompts[index]),
  );
  return pairs.map(({ prompt }) => (first.has(prompt) ? 0 : 1));
}

/** P(the first is better) against whether it is: the seed put either side first, so that both outcomes occur. */
function fitOf(probabilities: readonly number[], pairs: readonly ExaminedPair[]) {
  const outcomes = pairs.map(({ chosenFirst }) => Number(chosenFirst));
  const { expectedCalibrationError, bins } = calibration(probabilities, outcomes);
  return {
    brier: brierScore(probabilities, outcomes),
    expectedCalibrationError,
    calibrationBins: [...bins],
  };
}
