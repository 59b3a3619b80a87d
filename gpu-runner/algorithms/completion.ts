/** One generated response to one prompt of a split, as stages hand it on (a line of completions JSONL). */

export interface Completion {
  readonly promptId: string;
  readonly prompt: string;
  /** Decoded response, cut at its end mark. */
  readonly completion: string;
  /** Sampled tokens of the response. */
  readonly tokens: number;
  /** 1 where the model ended the response itself, 0 where it ran to the limit. */
  readonly ended: boolean;
  /** Sum of the sampled tokens' log-probabilities under the base model's full distribution, nats. */
  readonly baseLogProbability: number;
}
