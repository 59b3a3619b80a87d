/** What stands beside a win rate: what the judge was asked and cost, and the rate at equal lengths. */
import type { z } from 'zod';
import type { judgement } from '../../../shared/api/tasks/judge.ts';
import { definedOrNull } from '../../../shared/statistics/errors.ts';
import { lengthControlledWinRate } from '../../../shared/statistics/length-controlled-win-rate.ts';
import { sumTokens, type PairJudge, type PairVerdict } from './pair-judge.ts';

const TOKENS_A_PRICE = 1_000_000;

/** Calls, repeated calls, tokens and cost of all verdicts; null where nobody was asked or nothing is counted. */
export function usageOf({ price }: Pick<PairJudge, 'price'>, verdicts: readonly PairVerdict[]) {
  const usages = verdicts.flatMap(({ usage }) => usage ?? []);
  if (usages.length === 0) return { calls: null, retries: null, tokens: null, cost: null };
  const sum = (name: 'calls' | 'retries') => usages.reduce((total, usage) => total + usage[name], 0);
  const tokens = sumTokens(usages.map((usage) => usage.tokens));
  return {
    calls: sum('calls'),
    retries: sum('retries'),
    tokens,
    cost: price && tokens && (tokens.input * price.input + tokens.output * price.output) / TOKENS_A_PRICE,
  };
}

/**
 * Null where no fit can tell length from quality: one difference throughout, or a few rows that length separates.
 *
 * @param differences tokens of the first response less those of the second, by pair
 */
export function lengthControlled(
  shares: readonly number[],
  differences: readonly number[],
): z.infer<typeof judgement>['lengthControlled'] {
  return definedOrNull(() => {
    const fit = lengthControlledWinRate(shares, differences);
    return { rate: fit.lengthControlledRate, interval: fit.interval };
  });
}
