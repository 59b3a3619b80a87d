/** Where more training stopped paying: further from the base model than an earlier cell, and worth less. */

interface Cell {
  readonly klCoefficient: number;
  readonly steps: number;
  readonly meanReward: number;
  readonly interval: { readonly lower: number; readonly upper: number };
  /** Nats a sequence. */
  readonly kl: number;
}

/** `clear`: the intervals do not meet; `likely`: they do. */
export type OverOptimised = 'clear' | 'likely' | undefined;

/** Compared with the best cell of the same KL coefficient and fewer steps. */
export function overOptimised(cell: Cell, table: readonly Cell[]): OverOptimised {
  const best = table
    .filter(({ klCoefficient, steps }) => klCoefficient === cell.klCoefficient && steps < cell.steps)
    .toSorted((a, b) => b.meanReward - a.meanReward)[0];
  if (!best || cell.meanReward >= best.meanReward || cell.kl <= best.kl) return undefined;
  return cell.interval.upper < best.interval.lower ? 'clear' : 'likely';
}
