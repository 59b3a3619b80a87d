/** What a sampler is opened with, what a rollout gives back, and how it is followed and stopped. */
import type { SessionOptions } from '../../tensor/session.ts';
import type { AdapterGroups, Backend } from '../model/backend.ts';

export interface SamplerOptions {
  readonly backend: Backend;
  /** adapters that sample side by side; left out, the base samples alone */
  readonly adapters?: AdapterGroups;
  /** longest prompt plus response; the model's own limit unless given */
  readonly maximumPositions?: number;
  /** Rows of most requests, which the backend plans for; 1 unless given, any number runs. */
  readonly rows?: number;
  /** a cancel waits for the current run of the engine, which is kept below this many milliseconds; 4000 unless given */
  readonly runMilliseconds?: number;
  readonly session?: SessionOptions;
}

export interface SampleHooks {
  /** Ends the rollout between two runs of the engine, which are a few seconds long. */
  readonly signal?: AbortSignal;
  /** Called after each run of the engine. */
  readonly onProgress?: (progress: { readonly steps: number; readonly ofAtMost: number }) => void;
  /** Called after each run of the engine with what it drew, before the rollout ends: for those who read along. */
  readonly onTokens?: (drawn: readonly DrawnTokens[]) => void;
}

/** What one run of the engine drew for one row; it follows what the run before drew for it. */
export interface DrawnTokens {
  /** of the request */
  readonly row: number;
  readonly tokens: readonly number[];
  readonly logProbabilities: readonly number[];
}

/** Why a row ended: by an end token or a stop text, or at its limit. */
export type FinishReason = 'stop' | 'length';

/** Drawn tokens, row-major [rows, width]; what stands behind a row's length is padding. */
export interface Rollout {
  readonly rows: number;
  /** the longest row */
  readonly width: number;
  /** [rows, width], with the token that ended it */
  readonly tokens: Int32Array;
  /** [rows, width], natural logarithms under the distribution that was drawn from; 0 in the padding */
  readonly logProbabilities: Float32Array;
  /** tokens of each row */
  readonly lengths: Int32Array;
  readonly finishReasons: readonly FinishReason[];
}
