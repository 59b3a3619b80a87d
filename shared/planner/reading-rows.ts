/** How many texts are read at a time without a gradient: as many as a stated memory holds. */
import { passingBytes, type ModelShape } from './model-bytes.ts';

/** What the layers of one pass may hold, by the planner's formula for a CPU. */
const READING_BYTES = 1e9;

/**
 * So many rows that a pass stays within {@link READING_BYTES}, halved from what is wanted; one at the least. A function of
 * the model and the length alone, never of the machine: equal seeds give equal results.
 *
 * @param rows that are wanted, of all adapter groups together
 * @param time tokens of the longest text
 */
export function readingRows(model: ModelShape, rows: number, time: number): number {
  let fitting = rows;
  while (fitting > 1 && passingBytes(model, fitting, time) > READING_BYTES) fitting = Math.floor(fitting / 2);
  return fitting;
}
