/** The figures of many contrasts put together: all answers of one placement, whatever principle and task. */
import type { ContrastMeasurement } from '../../../shared/principles/contrast.ts';
import { wilsonInterval } from '../../../shared/statistics/wilson-interval.ts';

type Measured = Omit<ContrastMeasurement, 'examples'>;

const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);

/** Each contrast counts by its answers; the intervals take the answers of one prompt to be independent. */
export function together(contrasts: readonly Measured[]) {
  const answers = total(contrasts.map(({ prompts }) => 2 * prompts));
  const held = (name: 'separation' | 'acceptance') =>
    total(contrasts.map((one) => Math.round(one[name].share * 2 * one.prompts)));
  const shareOf = (name: 'separation' | 'acceptance') => ({
    share: held(name) / answers,
    interval: wilsonInterval(held(name), answers),
  });
  const weighted = (of: (one: Measured) => number) =>
    total(contrasts.map((one) => of(one) * 2 * one.prompts)) / answers;
  return {
    answers,
    separation: shareOf('separation'),
    /** The lowest of a principle and task. */
    leastSeparation: Math.min(...contrasts.map(({ separation }) => separation.share)),
    nats: {
      positive: weighted(({ positive }) => positive.nats.mean),
      negative: weighted(({ negative }) => negative.nats.mean),
    },
    acceptance: shareOf('acceptance'),
    tokens: {
      positive: weighted(({ positive }) => positive.tokens.mean),
      negative: weighted(({ negative }) => negative.tokens.mean),
    },
    truncatedShare: weighted(({ truncatedShare }) => truncatedShare),
  };
}
