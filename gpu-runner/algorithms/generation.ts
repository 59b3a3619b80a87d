/** What algorithms ask of a sampler: responses to tokenised prompts, each row drawing from its own stream. */
import type { Sequence } from '../llama/model/sequence.ts';

export interface GenerationRequest {
  readonly promptTokens: Int32Array;
  /** Stream of the counter-based generator; see streams.ts. The row's tokens depend on (seed, stream) alone. */
  readonly stream: number;
}

export interface Generation {
  /** The prompt and the sampled response, the end token included where the row ended. */
  readonly sequence: Sequence<Int32Array>;
  /** Log-probabilities of the response's tokens under the sampling policy, nats. */
  readonly logProbabilities: Float32Array;
  /** The same tokens under the base model. */
  readonly referenceLogProbabilities: Float32Array;
}

/** Generates one response per request, in order, by one model. */
export type Generate = (requests: readonly GenerationRequest[], signal: AbortSignal) => Promise<Generation[]>;

/**
 * Generates by several adapters at once: the requests of each group are answered by that group's adapter.
 *
 * @param vectors the groups' adapters, [groups, numbers of one adapter]
 */
export type GenerateGroups = (
  vectors: Float32Array,
  groups: readonly (readonly GenerationRequest[])[],
  signal: AbortSignal,
) => Promise<Generation[][]>;
