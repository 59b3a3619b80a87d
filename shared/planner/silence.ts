/** For how long an engine that works may say nothing: the longest piece of its work, on a machine that has little left for it. */
import { baseBytes, type ModelShape, parameterCount } from './model-bytes.ts';
import { ASSUMED_CPU_RATE } from './cpu-sampler.ts';
import type { Workload } from './plan.ts';

/**
 * Seconds for what no model makes longer: a server that is waited for (5 minutes a request, 10 at its word), a folder of
 * many files, words of a language. It counts from the last block of a file, run of the engine or answer that was done.
 */
export const LEAST_SILENCE_SECONDS = 900;
/** Nobody waits longer, whatever was planned. */
const LONGEST_SILENCE_SECONDS = 4 * 3600;

/**
 * A tenth of what is assumed of a CPU. SmolLM2-135M trained at 20 tokens a second beside so much other work that it had a
 * fifteenth of two cores, which is 8e9; alone it reached 684 (docs/results/look.md).
 */
const SLOWEST_RATE = ASSUMED_CPU_RATE / 10;
/** Bytes a second at which weights come from a slow disk and are packed. */
const SLOWEST_DISK = 1e7;
/** Multiplications of a trained token for one of a read one: forward, both gradients, and what is computed again. */
const TRAINED = 4;

/**
 * Seconds without a sign after which an engine is taken for stuck: the longest run of the engine that the workload can ask
 * for, behind the opening of a session, at the slowest rates, and {@link LEAST_SILENCE_SECONDS}.
 *
 * @param readRows rows that are read together without a gradient
 */
export function longestSilence(model: ModelShape, workload: Workload, readRows: number): number {
  const { sampleRows, trainRows, trainGroups, promptTokens, newTokens } = workload;
  const rows = Math.max(TRAINED * trainRows * trainGroups, readRows * Math.max(1, trainGroups));
  // Of a rollout the prompts are read at once; runs that draw are cut to seconds.
  const tokens = Math.max(rows * (promptTokens + newTokens), sampleRows * promptTokens);
  const products = tokens * parameterCount(model);
  const opening = baseBytes('cpu', model) / SLOWEST_DISK;
  return Math.min(LONGEST_SILENCE_SECONDS, LEAST_SILENCE_SECONDS + opening + products / SLOWEST_RATE);
}
