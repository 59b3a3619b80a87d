/** How much of an experiment each of its stages is, before anything of model and machine was measured. */
import { stageSeconds, type WorkRates } from './seconds.ts';
import { comparisonWork, type Comparison } from './work.ts';

/** Tokens of a prompt, where nobody has read them. */
export const PROMPT_TOKENS = 32;

/**
 * How fast tokens go beside each other: drawn in batches twice as fast as trained on (docs/results/trainer.md, sampler.md), read
 * three times (the plan of a report takes it so).
 */
export const WEIGHT_RATES: WorkRates = { sampled: 2, read: 3, trained: 1, secondsPerTask: 0 };

type Weighed = Pick<Comparison, 'hyperparameters' | 'prompts' | 'form'> & {
  readonly method: Comparison['methods'][number];
};

/**
 * Weights of the stages that a comparison counts, 1 on average, so that a stage which it does not count weighs as much as
 * most do. Answers are taken to be as long as they may.
 */
export function stageWeights({ method, ...comparison }: Weighed): Record<string, number> {
  const work = comparisonWork({
    ...comparison,
    methods: [method],
    seeds: [1],
    promptTokens: PROMPT_TOKENS,
  });
  const parts = Object.entries(stageSeconds(work, WEIGHT_RATES));
  const mean = parts.reduce((sum, [, part]) => sum + part, 0) / parts.length;
  return Object.fromEntries(parts.map(([name, part]) => [name, mean === 0 ? 1 : part / mean]));
}
