/** Sampled responses as scored rollouts: text, reward and first values, for every policy of a run. */
import { scoredCount } from '../../llama/model/sequence.ts';
import type { ForwardPass } from '../../llama/trainer/forward-pass.ts';
import { AlgorithmInputError } from '../algorithm-error.ts';
import type { GenerateGroups, GenerationRequest } from '../generation.ts';
import { scoredPart, type ResponseReader } from '../response-text.ts';
import type { RewardModel } from './reward-model.ts';
import type { Rollout } from './rollout-batch.ts';

/** The open parts of a run that rollouts need. */
export interface RolloutEngine {
  readonly generate: GenerateGroups;
  readonly reader: ResponseReader;
  readonly reward: RewardModel;
  /** Opened for scalars over the value models; null where there are none. */
  readonly values: ForwardPass | null;
}

/** A rollout before its values are known. */
export type ScoredResponse = Omit<Rollout, 'values'>;

/** A response to ask for. */
export interface RolloutRequest extends GenerationRequest {
  /** Index of the prompt. */
  readonly prompt: number;
}

/**
 * Samples and scores the same requests with every policy.
 *
 * @param policies their adapters, [policies, numbers of one adapter]
 * @param generated is called when the responses are there and scoring begins
 */
export async function sampleAndScore(
  engine: Pick<RolloutEngine, 'generate' | 'reader' | 'reward'>,
  policies: Float32Array,
  count: number,
  requests: readonly RolloutRequest[],
  signal: AbortSignal,
  generated?: () => void,
): Promise<ScoredResponse[][]> {
  const groups = Array.from({ length: count }, () => requests);
  const generations = await engine.generate(policies, groups, signal);
  generated?.();
  const responses = generations.map((group) =>
    group.map((generation, row) => {
      const request = requests[row];
      if (request === undefined || scoredCount(generation.sequence) === 0) {
        throw new AlgorithmInputError(`the sampler gave no token for request ${row} of ${requests.length}`);
      }
      return { ...generation, prompt: request.prompt, response: engine.reader.read(generation.sequence) };
    }),
  );
  const texts = responses.flat().map(({ prompt, sequence, response }) => ({
    prompt,
    sequence: { tokens: scoredPart(sequence, response), start: sequence.start },
  }));
  const scores = await engine.reward.score(texts, signal);
  return responses.map((group, policy) =>
    group.map((rollout, row) => ({
      ...rollout,
      score: scores[policy * requests.length + row] ?? Number.NaN,
    })),
  );
}

/**
 * The value models' guess before each response token; 0 where there are none.
 *
 * @param vectors of the value models, [policies, numbers of one adapter]
 */
export async function withValues(
  values: ForwardPass | null,
  vectors: Float32Array,
  groups: readonly (readonly ScoredResponse[])[],
): Promise<Rollout[][]> {
  if (values === null) {
    return groups.map((group) =>
      group.map((rollout) => ({ ...rollout, values: new Float32Array(scoredCount(rollout.sequence)) })),
    );
  }
  const { scalars } = await values.score(
    vectors,
    groups.map((group) => group.map(({ sequence }) => sequence)),
  );
  return groups.map((group, policy) =>
    group.map((rollout, row) => {
      const own = scalars[policy]?.[row];
      if (own === undefined)
        throw new AlgorithmInputError(`no values for rollout ${row} of policy ${policy}`);
      return { ...rollout, values: own };
    }),
  );
}
