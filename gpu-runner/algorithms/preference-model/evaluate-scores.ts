/** How well preference scores tell chosen from rejected on held-out pairs, and whether length does the telling. */
import { brierScore, calibration, type Calibration } from '../../../shared/statistics/calibration.ts';
import type { Interval } from '../../../shared/statistics/interval.ts';
import { mean, sortedQuantile } from '../../../shared/statistics/summary.ts';
import { wilsonInterval } from '../../../shared/statistics/wilson-interval.ts';
import { uniform } from '../../../shared/random.ts';
import { streamOf } from '../streams.ts';
import { sigmoid } from '../../../shared/statistics/sigmoid.ts';

export interface ScoredPair {
  readonly chosenScore: number;
  readonly rejectedScore: number;
  /** P(chosen is better) as labelled. */
  readonly labelProbability: number;
  readonly chosenTokens: number;
  readonly rejectedTokens: number;
  /** Where the pair came from, such as `simulated` or `human`. */
  readonly source: string;
}

/** Accuracy of the pairs whose length gap lies in one quarter of all gaps. */
interface LengthGapQuartile {
  /** Tokens of chosen minus rejected, smallest and largest of the quarter. */
  readonly lower: number;
  readonly upper: number;
  readonly n: number;
  readonly accuracy: number;
}

/** Accuracy of the pairs whose label is about equally sure. */
interface ConfidenceBand {
  /** |2 P(chosen is better) - 1|: 0 for a label that says nothing, 1 for a hard one. */
  readonly lower: number;
  readonly upper: number;
  readonly n: number;
  readonly accuracy: number;
}

/** Accuracy of the pairs of one source. */
interface SourceAccuracy {
  readonly source: string;
  readonly n: number;
  readonly accuracy: number;
}

export interface PreferenceEvaluation {
  readonly n: number;
  /** Share of pairs whose label the scores agree with; equal scores count half. */
  readonly accuracy: number;
  readonly accuracyInterval: Interval;
  /** Accuracy of the rule "the longer response is better": what length alone would reach. */
  readonly lengthOnlyAccuracy: number;
  readonly brier: number;
  readonly calibration: Calibration;
  readonly meanChosenScore: number;
  readonly meanRejectedScore: number;
  readonly meanMargin: number;
  readonly accuracyByLengthGap: readonly LengthGapQuartile[];
  readonly accuracyByConfidence: readonly ConfidenceBand[];
  readonly accuracyBySource: readonly SourceAccuracy[];
}

/** 1, 0.5 or 0: does the sign of `difference` (chosen minus rejected) agree with the label? */
function agreement(difference: number, labelProbability: number): number {
  const direction = Math.sign(difference) * Math.sign(labelProbability - 0.5);
  return (direction + 1) / 2;
}

/**
 * Evaluates scored pairs. P(first is better) = sigmoid(score difference) is compared with the label in an order drawn
 * at random per pair, since a calibration in which the chosen side always stands first would have one outcome only.
 *
 * @throws StatisticsInputError if there is no pair or a score is not finite
 */
export function evaluateScores(pairs: readonly ScoredPair[], seed: number): PreferenceEvaluation {
  const margins = pairs.map((pair) => pair.chosenScore - pair.rejectedScore);
  const agreements = pairs.map((pair, row) => agreement(margins[row] ?? 0, pair.labelProbability));
  const correct = agreements.reduce((sum, value) => sum + value, 0);
  const chosenFirst = pairs.map((_, row) => uniform(seed, streamOf('pair-order', 0), row) < 0.5);
  const probabilities = margins.map((margin, row) => sigmoid(chosenFirst[row] === true ? margin : -margin));
  const outcomes = pairs.map(({ labelProbability }, row) =>
    chosenFirst[row] === true ? labelProbability : 1 - labelProbability,
  );
  return {
    n: pairs.length,
    accuracy: mean(agreements),
    accuracyInterval: wilsonInterval(correct, pairs.length),
    lengthOnlyAccuracy: mean(
      pairs.map((pair) => agreement(pair.chosenTokens - pair.rejectedTokens, pair.labelProbability)),
    ),
    brier: brierScore(probabilities, outcomes),
    calibration: calibration(probabilities, outcomes),
    meanChosenScore: mean(pairs.map((pair) => pair.chosenScore)),
    meanRejectedScore: mean(pairs.map((pair) => pair.rejectedScore)),
    meanMargin: mean(margins),
    accuracyByLengthGap: byLengthGap(pairs, agreements),
    accuracyByConfidence: byConfidence(pairs, agreements),
    accuracyBySource: bySource(pairs, agreements),
  };
}

const CONFIDENCE_BORDERS = [0, 0.25, 0.5, 0.75, 1];

/** Bands that hold no pair are left out; a hard label belongs to the last one. */
function byConfidence(pairs: readonly ScoredPair[], agreements: readonly number[]): ConfidenceBand[] {
  const last = CONFIDENCE_BORDERS.length - 2;
  const bands = pairs.map(({ labelProbability }) => {
    const confidence = Math.abs(2 * labelProbability - 1);
    return Math.min(last, CONFIDENCE_BORDERS.filter((border) => border > 0 && confidence >= border).length);
  });
  return CONFIDENCE_BORDERS.slice(0, -1).flatMap((lower, band) => {
    const inside = agreements.filter((_, row) => bands[row] === band);
    if (inside.length === 0) return [];
    return [{ lower, upper: CONFIDENCE_BORDERS[band + 1] ?? 1, n: inside.length, accuracy: mean(inside) }];
  });
}

function bySource(pairs: readonly ScoredPair[], agreements: readonly number[]): SourceAccuracy[] {
  const sources = [...new Set(pairs.map(({ source }) => source))].sort();
  return sources.map((source) => {
    const inside = agreements.filter((_, row) => pairs[row]?.source === source);
    return { source, n: inside.length, accuracy: mean(inside) };
  });
}

/** Quarters by the quantiles of the gap; a quarter that holds no pair (many equal gaps) is left out. */
function byLengthGap(pairs: readonly ScoredPair[], agreements: readonly number[]): LengthGapQuartile[] {
  const gaps = pairs.map((pair) => pair.chosenTokens - pair.rejectedTokens);
  const ascending = [...gaps].sort((a, b) => a - b);
  const borders = [0.25, 0.5, 0.75].map((share) => sortedQuantile(ascending, share));
  return [0, 1, 2, 3].flatMap((quarter) => {
    const rows = [...gaps.keys()].filter(
      (row) => borders.filter((border) => (gaps[row] ?? 0) > border).length === quarter,
    );
    if (rows.length === 0) return [];
    const inside = rows.map((row) => gaps[row] ?? 0);
    return [
      {
        lower: Math.min(...inside),
        upper: Math.max(...inside),
        n: rows.length,
        accuracy: mean(rows.map((row) => agreements[row] ?? 0)),
      },
    ];
  });
}
