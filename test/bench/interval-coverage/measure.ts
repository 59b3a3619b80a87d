/** How often an interval holds the truth that its data were drawn by. */
import type { Cell } from './cells.ts';

export interface Measured {
  /** The first simulation's seed; the others follow it. */
  readonly seed: number;
  /** Share of the simulations whose interval holds the truth. */
  readonly coverage: number;
  readonly meanWidth: number;
}

/** Room for the simulations of a cell, and for its cells. */
const RUNS_A_CELL = 100_000;
const RUNS_A_SEED = 100_000_000;

/** @param index of the cell: every cell draws for itself */
export function measure(cell: Cell, index: number, seed: number, simulations: number): Measured {
  const first = seed * RUNS_A_SEED + index * RUNS_A_CELL;
  let [covered, width] = [0, 0];
  for (let run = 0; run < simulations; run++) {
    const { lower, upper } = cell.interval(first + run);
    covered += Number(lower <= cell.truth && cell.truth <= upper);
    width += upper - lower;
  }
  return { seed: first, coverage: covered / simulations, meanWidth: width / simulations };
}
