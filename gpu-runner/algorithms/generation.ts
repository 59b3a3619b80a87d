/** What algorithms ask of a sampler: responses to tokenised prompts, each row drawing from its own stream. */

export interface GenerationRequest {
  readonly promptTokens: Int32Array;
  /** Stream of the counter-based generator; see streams.ts. The row's tokens depend on (seed, stream) alone. */
  readonly stream: number;
}

export interface Generation {
  /** Sampled tokens, the end token included where the row ended. */
  readonly tokens: Int32Array;
  /** Log-probabilities of the sampled tokens under the sampling policy, nats. */
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
