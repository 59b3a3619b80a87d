/** Metrics of a step's updates, from what each minibatch saw before it changed anything. */
import { AlgorithmInputError } from '../algorithm-error.ts';
import type { Metrics } from './rollout-metrics.ts';

/** One minibatch of one policy: per rollout, one number per response token. */
export interface MinibatchOutcome {
  readonly rows: readonly {
    readonly oldLogProbabilities: ArrayLike<number>;
    readonly advantages: ArrayLike<number>;
    readonly oldValues: ArrayLike<number>;
    readonly returns: ArrayLike<number>;
  }[];
  readonly logProbabilities: readonly ArrayLike<number>[];
  readonly entropies: readonly ArrayLike<number>[];
  /** Null without value models. */
  readonly values: readonly ArrayLike<number>[] | null;
  readonly policyGradientNorm: number;
  readonly valueGradientNorm: number;
}

/** Where the bins of the ratio's histogram meet; the outer two are open. */
const RATIO_EDGES = [0.5, 0.8, 0.95, 1.05, 1.25, 2] as const;

/** `val/ratio_histogram/below_0.5`, `.../0.5_to_0.8`, ..., `.../from_2`: the name of each bin, in order. */
const RATIO_BINS = [
  `below_${RATIO_EDGES[0]}`,
  ...RATIO_EDGES.map((edge, index) => {
    const next = RATIO_EDGES[index + 1];
    return next === undefined ? `from_${edge}` : `${edge}_to_${next}`;
  }),
].map((bin) => `val/ratio_histogram/${bin}`);

/** Sums over the tokens of one minibatch. */
interface Sums {
  tokens: number;
  policyLoss: number;
  approximateKl: number;
  clippedLow: number;
  clippedHigh: number;
  clipped: number;
  entropy: number;
  ratio: number;
  ratioSquares: number;
  /** Tokens by bin of the ratio. */
  readonly ratioBins: number[];
  valueLoss: number;
  valueClipped: number;
  gap: number;
  gapSquares: number;
  largestGap: number;
}

/**
 * Averages over all minibatches of a step, under the names of TRL and open-instruct; those of value models only where
 * there are any. approxkl is (log ratio)^2 / 2;
 * the value loss is the clipped one, before its coefficient. `debug/rollout_train_logprob_diff_*` compares what the
 * sampler said of its tokens with what the trainer says on the step's first minibatch, where both hold the same
 * weights; `val/first_ratio_deviation` is the largest |ratio - 1| there. `val/ratio_histogram/*` are shares of tokens.
 *
 * @param valueClip Infinity for none
 */
export function updateMetrics(
  minibatches: readonly MinibatchOutcome[],
  policyClip: number,
  valueClip: number,
): Metrics {
  const sums = minibatches.map((minibatch) => sumTokens(minibatch, policyClip, valueClip));
  const [first] = sums;
  if (first === undefined) throw new AlgorithmInputError('a step needs at least one minibatch');
  const average = (of: (one: Sums) => number) =>
    sums.reduce((total, one) => total + of(one) / one.tokens, 0) / sums.length;
  const ratio = average((one) => one.ratio);
  const norm = (of: (minibatch: MinibatchOutcome) => number) =>
    minibatches.reduce((total, minibatch) => total + of(minibatch), 0) / minibatches.length;
  const meanGap = first.gap / first.tokens;
  return {
    'policy/approxkl_avg': average((one) => one.approximateKl),
    'policy/clipfrac_avg': average((one) => one.clipped),
    'policy/clip_ratio/low_mean': average((one) => one.clippedLow),
    'policy/clip_ratio/high_mean': average((one) => one.clippedHigh),
    'policy/entropy_avg': average((one) => one.entropy),
    'policy/grad_norm': norm((minibatch) => minibatch.policyGradientNorm),
    'loss/policy_avg': average((one) => one.policyLoss),
    ...(minibatches.every(({ values }) => values !== null) && {
      'loss/value_avg': average((one) => one.valueLoss),
      'val/clipfrac_avg': average((one) => one.valueClipped),
      'val/grad_norm': norm((minibatch) => minibatch.valueGradientNorm),
    }),
    'val/ratio': ratio,
    'val/ratio_var': average((one) => one.ratioSquares) - ratio ** 2,
    ...Object.fromEntries(RATIO_BINS.map((name, bin) => [name, average((one) => one.ratioBins[bin] ?? 0)])),
    'val/first_ratio_deviation': Math.expm1(first.largestGap),
    'debug/rollout_train_logprob_diff_mean': meanGap,
    'debug/rollout_train_logprob_diff_max': first.largestGap,
    'debug/rollout_train_logprob_diff_std': Math.sqrt(
      Math.max(0, first.gapSquares / first.tokens - meanGap ** 2),
    ),
  };
}

function sumTokens(minibatch: MinibatchOutcome, policyClip: number, valueClip: number): Sums {
  const sums: Sums = {
    tokens: 0,
    policyLoss: 0,
    approximateKl: 0,
    clippedLow: 0,
    clippedHigh: 0,
    clipped: 0,
    entropy: 0,
    ratio: 0,
    ratioSquares: 0,
    ratioBins: RATIO_BINS.map(() => 0),
    valueLoss: 0,
    valueClipped: 0,
    gap: 0,
    gapSquares: 0,
    largestGap: 0,
  };
  minibatch.rows.forEach((row, index) => {
    const number = (values: ArrayLike<number> | undefined, token: number): number =>
      values?.[token] ?? Number.NaN;
    for (let token = 0; token < row.advantages.length; token++) {
      const difference =
        number(minibatch.logProbabilities[index], token) - number(row.oldLogProbabilities, token);
      const advantage = number(row.advantages, token);
      const ratio = Math.exp(difference);
      const limited = Math.min(Math.max(ratio, 1 - policyClip), 1 + policyClip);
      const clips = -advantage * limited > -advantage * ratio;
      const oldValue = number(row.oldValues, token);
      const target = number(row.returns, token);
      const value = number(minibatch.values?.[index], token);
      const near = oldValue + Math.min(Math.max(value - oldValue, -valueClip), valueClip);
      sums.tokens += 1;
      sums.policyLoss += Math.max(-advantage * ratio, -advantage * limited);
      sums.approximateKl += difference ** 2 / 2;
      sums.clippedLow += clips && ratio < 1 ? 1 : 0;
      sums.clippedHigh += clips && ratio > 1 ? 1 : 0;
      sums.clipped += clips ? 1 : 0;
      sums.entropy += number(minibatch.entropies[index], token);
      sums.ratio += ratio;
      sums.ratioSquares += ratio ** 2;
      const bin = RATIO_EDGES.filter((edge) => ratio >= edge).length;
      sums.ratioBins[bin] = (sums.ratioBins[bin] ?? 0) + 1;
      sums.valueLoss += Math.max((value - target) ** 2, (near - target) ** 2) / 2;
      sums.valueClipped += (near - target) ** 2 > (value - target) ** 2 ? 1 : 0;
      sums.gap += Math.abs(difference);
      sums.gapSquares += difference ** 2;
      sums.largestGap = Math.max(sums.largestGap, Math.abs(difference));
    }
  });
  return sums;
}
