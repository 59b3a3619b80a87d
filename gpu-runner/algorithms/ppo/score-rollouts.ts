/** Sampled responses as scored rollouts: text, preference score and first values, for every policy of a run. */
import type { Scorer } from '../../llama/trainer/scorer.ts';
import { AlgorithmInputError } from '../algorithm-error.ts';
import type { GenerateGroups, Generation, GenerationRequest } from '../generation.ts';
import type { ResponseReader } from '../response-text.ts';
import type { Rollout } from './rollout-batch.ts';

/** A reward of whole texts: a preference model, or what a measurement puts in its place. */
export interface RewardModel {
  /** One score per text, given as tokens: prompt and response up to the last one that counts. */
  score(texts: readonly Int32Array[], signal: AbortSignal): Promise<Float64Array>;
  close(): Promise<void>;
}

/** The open parts of a run that rollouts need. */
export interface RolloutEngine {
  readonly generate: GenerateGroups;
  readonly reader: ResponseReader;
  readonly preferences: RewardModel;
  /** Opened for scalars over the value models. */
  readonly values: Scorer;
}

/** A rollout before its values are known. */
export type ScoredResponse = Omit<Rollout, 'values'>;

/**
 * Samples and scores the same requests with every policy.
 *
 * @param policies their adapters, [policies, numbers of one adapter]
 * @param prompts index of each request's prompt
 * @param generated is called when the responses are there and scoring begins
 */
export async function sampleAndScore(
  engine: Pick<RolloutEngine, 'generate' | 'reader' | 'preferences'>,
  policies: Float32Array,
  count: number,
  requests: readonly GenerationRequest[],
  prompts: readonly number[],
  signal: AbortSignal,
  generated?: () => void,
): Promise<ScoredResponse[][]> {
  const groups = Array.from({ length: count }, () => requests);
  const generations = await engine.generate(policies, groups, signal);
  generated?.();
  const responses = generations.map((group) =>
    group.map((generation, row) => read(engine.reader, requests, generation, row)),
  );
  const texts = responses.flat().map(({ text }) => text);
  const scores = await engine.preferences.score(texts, signal);
  return responses.map((group, policy) =>
    group.map(({ generation, response, promptTokens }, row) => ({
      prompt: prompts[row] ?? 0,
      promptTokens,
      generation,
      response,
      score: scores[policy * requests.length + row] ?? Number.NaN,
    })),
  );
}

function read(
  reader: ResponseReader,
  requests: readonly GenerationRequest[],
  generation: Generation,
  row: number,
) {
  const promptTokens = requests[row]?.promptTokens;
  if (promptTokens === undefined || generation.tokens.length === 0) {
    throw new AlgorithmInputError(`the sampler gave no token for request ${row} of ${requests.length}`);
  }
  const response = reader.read(promptTokens, generation.tokens);
  const text = Int32Array.of(...promptTokens, ...generation.tokens.subarray(0, response.scoredTokens));
  return { promptTokens, generation, response, text };
}

/**
 * The value models' guess before each response token.
 *
 * @param vectors of the value models, [policies, numbers of one adapter]
 */
export async function withValues(
  values: Scorer,
  vectors: Float32Array,
  groups: readonly (readonly ScoredResponse[])[],
): Promise<Rollout[][]> {
  const sequences = groups.map((group) =>
    group.map(({ promptTokens, generation }) => ({
      tokens: Int32Array.of(...promptTokens, ...generation.tokens),
      start: promptTokens.length,
    })),
  );
  const { scalars } = await values.score(vectors, sequences);
  return groups.map((group, policy) =>
    group.map(({ prompt, promptTokens, generation, response, score }, row) => {
      const own = scalars[policy]?.[row];
      if (own === undefined)
        throw new AlgorithmInputError(`no values for rollout ${row} of policy ${policy}`);
      return { prompt, promptTokens, generation, response, score, values: own };
    }),
  );
}
