/** How many texts a training step holds at a time where the settings leave it to the runner. */
import { batchSizes } from './batch-sizes.ts';
import type { ModelShape } from './model-bytes.ts';
import { planMemory } from './plan.ts';

/** What may stand between forward and backward, by the planner's formula for a CPU: 3.2 GB. */
const ACTIVATION_BYTES = 3.2e9;

/**
 * As many as score at a time, halved until their activations fit. A function of the model and the settings alone, never
 * of the machine: sums over other micro-batches round otherwise, and equal seeds give equal results.
 *
 * @param maximumLength tokens of the longest text
 */
export function trainingRows(shape: ModelShape, maximumLength: number, rank: number): number {
  let rows = batchSizes({ architecture: shape }).scoreRows;
  const activations = (trainRows: number) =>
    planMemory('cpu', shape, {
      sampleRows: 0,
      promptTokens: 0,
      newTokens: maximumLength,
      trainRows,
      trainGroups: 1,
      rank,
    }).parts['activations'] ?? 0;
  while (rows > 1 && activations(rows) > ACTIVATION_BYTES) rows /= 2;
  return rows;
}
