/** What gives PPO and the choice of a cell their reward: a score for each whole response. */
import type { Sequence } from '../../llama/model/sequence.ts';

/** A response to score. */
export interface ScoredText {
  /** Index of its prompt. */
  readonly prompt: number;
  /** Prompt and response up to the last token that counts, closed. */
  readonly sequence: Sequence<Int32Array>;
}

/** A reward of whole texts: a preference model, the contrast, or what a measurement puts in their place. */
export interface RewardModel {
  /** One score a text. */
  score(texts: readonly ScoredText[], signal: AbortSignal): Promise<Float64Array>;
  close(): Promise<void>;
}
