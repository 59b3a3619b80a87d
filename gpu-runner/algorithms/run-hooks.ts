/** How a running algorithm reports, saves itself and is stopped; whoever runs it decides what becomes of it. */

import type { SampleTokens } from '../../shared/api/sample-tokens.ts';

/** One text at one of the fixed prompts, so that a reader sees a run change. */
export interface Sample {
  readonly promptId: string;
  readonly prompt: string;
  readonly response: string;
  readonly score: number;
  /** Further figures to show, such as `kl` (nats) or `klCoefficient`, and `tokens`. */
  readonly detail: Readonly<Record<string, number | SampleTokens>>;
}

export interface RunHooks {
  /** Checked between engine runs; an aborted run throws the signal's reason. */
  readonly signal: AbortSignal;
  /** @param message what else is worth knowing, in a line */
  readonly progress: (done: number, total: number, unit: string, message?: string) => void;
  readonly metrics: (step: number, values: Readonly<Record<string, number>>) => void;
  readonly samples: (step: number, samples: readonly Sample[]) => void;
  /** Resolves when the bytes are safe; the run goes on only then. */
  readonly checkpoint: (step: number, bytes: Uint8Array) => Promise<void>;
}
