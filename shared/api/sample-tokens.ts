/** The tokens of a sample with their log-probabilities, for those who look where a policy has moved. */
import { z } from 'zod';

/** Later tokens of a response are left out. */
export const MAXIMUM_SAMPLE_TOKENS = 512;

const figures = z.array(z.number()).max(MAXIMUM_SAMPLE_TOKENS);

/** One entry a token, in order; one without text of its own, such as the end token, ends where the one before does. */
export const sampleTokens = z
  .strictObject({
    ends: z
      .array(z.int().min(0))
      .max(MAXIMUM_SAMPLE_TOKENS)
      .describe('How long the response is after each token, in UTF-16 units'),
    logProbabilities: figures.describe('Under the policy that sampled, nats'),
    referenceLogProbabilities: figures.describe('Under the base model'),
  })
  .refine(
    ({ ends, logProbabilities, referenceLogProbabilities }) =>
      ends.length === logProbabilities.length && ends.length === referenceLogProbabilities.length,
    { error: 'must have one log-probability of each kind for every token' },
  )
  .meta({ id: 'SampleTokens', description: 'One entry a token, in order' });
export type SampleTokens = z.infer<typeof sampleTokens>;

/** Milli-nats are more than a reader sees; whole figures would be three times as long. */
export function roundedNats(values: Float32Array, count: number): number[] {
  return Array.from(values.subarray(0, count), (value) => Math.round(value * 1000) / 1000);
}
