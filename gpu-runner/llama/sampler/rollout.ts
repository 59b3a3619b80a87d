/** What a rollout gives back, and how it is followed and stopped. */

export interface SampleHooks {
  /** Ends the rollout between two runs of the engine, which are a few seconds long. */
  readonly signal?: AbortSignal;
  /** Called after each run of the engine. */
  readonly onProgress?: (progress: { readonly steps: number; readonly ofAtMost: number }) => void;
}

/** Why a row ended: an end token or stop sequence, or its limit. */
export type FinishReason = 'stop' | 'length';

/** Drawn tokens, row-major [rows, width]; what stands behind a row's length is padding. */
export interface Rollout {
  readonly rows: number;
  /** the longest row */
  readonly width: number;
  /** [rows, width], with the end token or stop sequence */
  readonly tokens: Int32Array;
  /** [rows, width], natural logarithms under the distribution that was drawn from; 0 in the padding */
  readonly logProbabilities: Float32Array;
  /** tokens of each row */
  readonly lengths: Int32Array;
  readonly finishReasons: readonly FinishReason[];
}
