/** How a CPU's sampler deals rows to sessions and cuts a rollout into runs: the engine does it so, and the planner counts it. */
import { type ModelShape, parameterCount } from './model-bytes.ts';

/** Bytes of packed weights that sessions may take together: each holds its own. */
export const LANE_BYTES = 512 << 20;
/** Weights of this many bytes stay in the processor's cache from one step to the next. */
const CACHED_BYTES = 32 << 20;

/** Fewer rows than this are not worth a session of their own: each reads all weights, from the cache or from memory. */
export const LEAST_REPLICA_ROWS = 4;

/**
 * Sessions that rows are dealt to. Most operators of a step are too small to share among threads, and rows do not see each
 * other: two halves of a batch in a thread each take little over half the time.
 *
 * @param weights bytes of the base
 */
export function replicaCount(weights: number, rows: number, threads: number): number {
  const wanted = Math.min(threads, Math.floor(rows / LEAST_REPLICA_ROWS), Math.floor(LANE_BYTES / weights));
  return Math.max(1, wanted);
}

/**
 * Threads of each of so many sessions. A second one pays where a product waits for its weights from memory; where they stay
 * in the cache, handing parts of such small operators over takes longer than working them off.
 */
export function replicaThreads(weights: number, replicas: number, threads: number): number {
  return weights <= CACHED_BYTES ? 1 : Math.max(1, Math.floor(threads / replicas));
}

/** Decode steps between two moves of the past, for small models. */
const MOST_CHUNK_STEPS = 32;
/** Parameters times steps of a chunk: what one chunk computes for a row. */
const CHUNK_WORK = 4e9;

/**
 * Decode steps between two moves of the recent keys and values into the prefix; runs of the engine are cut there. A function
 * of the model alone, since the order of sums, and so the bits, follow from it. Large models take few steps, so that a
 * cancel does not wait long.
 */
export function chunkSteps(model: ModelShape): number {
  const steps = 2 ** Math.floor(Math.log2(CHUNK_WORK / parameterCount(model)));
  return Math.min(MOST_CHUNK_STEPS, Math.max(1, steps));
}

/** A cancel waits for the current run of the engine, which is kept below this. */
export const RUN_MILLISECONDS = 4000;
/** Multiplications and additions a second that a CPU is taken to reach before it is measured. */
export const ASSUMED_CPU_RATE = 2e10;

/** Milliseconds of one step of one row at such a rate. */
export function assumedRowStep(model: ModelShape, rate: number): number {
  return (2000 * parameterCount(model)) / rate;
}

/** Decode steps of a run in whole chunks, so that where runs are cut changes nothing in the numbers. */
export function runSteps(
  rowStepMilliseconds: number,
  rows: number,
  chunk: number,
  limitMilliseconds: number,
): number {
  return Math.max(1, Math.floor(limitMilliseconds / (rowStepMilliseconds * rows * chunk))) * chunk;
}
