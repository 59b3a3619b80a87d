/** How many texts go through the engine together: bounds on memory, which change speed and never a text. */
import type { ModelShape } from './model-bytes.ts';
import { planMemory } from './plan.ts';

export interface BatchSizes {
  readonly sampleRows: number;
  readonly scoreRows: number;
  /** Engine runs between checkpoints of a stage that samples. */
  readonly checkpointEvery: number;
}

/** What keys and values of all rows may take, by the planner's formula for a CPU: a model of 135M parameters took twice that. */
const CACHE_BYTES = 2.4e9;
/** Tokens of a prompt and of an answer with which that is counted. */
const [PROMPT, ANSWER] = [128, 64];

/**
 * Measured on a CPU of two cores: small models gain nothing from more rows, nor from fewer but memory. A function of the model
 * alone.
 */
export function batchSizes({ architecture }: { readonly architecture: ModelShape }): BatchSizes {
  if (architecture.hiddenSize > 1024) return { sampleRows: 16, scoreRows: 4, checkpointEvery: 1 };
  let sampleRows = 128;
  while (sampleRows > 16 && cacheBytes(architecture, sampleRows) > CACHE_BYTES) sampleRows /= 2;
  return { sampleRows, scoreRows: 32, checkpointEvery: 4 };
}

function cacheBytes(model: ModelShape, sampleRows: number): number {
  const nothing = { trainRows: 0, trainGroups: 1, rank: 1 };
  const workload = { sampleRows, promptTokens: PROMPT, newTokens: ANSWER, ...nothing };
  return planMemory('cpu', model, workload).parts.keyValueCache;
}
