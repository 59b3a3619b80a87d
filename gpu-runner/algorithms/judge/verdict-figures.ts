/** What verdicts show of the judge itself: position bias, what could not be read, calls and cost. */
import type { z } from 'zod';
import type { judgement } from '../../../shared/api/tasks/judge.ts';
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

function usageOf({ price }: PairJudge, verdicts: readonly PairVerdict[]): Omit<Conduct, 'positionBias'> {
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
