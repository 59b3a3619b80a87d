/** What stands beside a win rate: the judge's position bias, what it could not read, calls and cost, and the rate at equal lengths. */
import type { z } from 'zod';
import type { judgement } from '../../../shared/api/tasks/judge.ts';
import { definedOrNull } from '../../../shared/statistics/errors.ts';
import { lengthControlledWinRate } from '../../../shared/statistics/length-controlled-win-rate.ts';
import { positionBias } from '../../../shared/statistics/position-bias.ts';
import { sumTokens, type PairJudge, type PairVerdict } from './pair-judge.ts';

type Conduct = Pick<z.infer<typeof judgement>, 'positionBias' | 'calls' | 'retries' | 'tokens' | 'cost'>;

/** Answers that could not be read, over all verdicts. */
export function unparsableOf(verdicts: readonly PairVerdict[]): number {
  return verdicts.reduce((sum, { unparsable }) => sum + unparsable, 0);
}

/** The figures of one judge's verdicts. */
export function conductOf(judge: PairJudge, verdicts: readonly PairVerdict[]): Conduct {
  return { positionBias: biasOf(verdicts), ...usageOf(judge, verdicts) };
}

/** Null unless every pair was judged in both orders. */
function biasOf(verdicts: readonly PairVerdict[]): Conduct['positionBias'] {
  const orders = verdicts.flatMap(({ byOrder }) => byOrder ?? []);
  if (orders.length !== verdicts.length) return null;
  const { bias, interval, consistency } = positionBias(
    orders.map(({ shownFirst }) => shownFirst),
    orders.map(({ shownSecond }) => shownSecond),
  );
  return { bias, interval, consistency };
}

const TOKENS_A_PRICE = 1_000_000;

/** Calls, repeated calls, tokens and cost of all verdicts; null where nobody was asked or nothing is counted. */
export function usageOf(
  { price }: Pick<PairJudge, 'price'>,
  verdicts: readonly PairVerdict[],
): Omit<Conduct, 'positionBias'> {
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
