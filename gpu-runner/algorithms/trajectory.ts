/** The trajectory: every cell of a PPO run beside the base. */
import { createHash } from 'node:crypto';
import type { Adapters } from './beside-base.ts';
import type { GridCell } from './select.ts';

type Cell = Pick<GridCell, 'klCoefficient' | 'steps'>;

/** By KL coefficient, then by steps, in whichever order they come. */
export function cellsBesideBase(cells: readonly GridCell[]): Adapters<Cell> {
  const ordered = cells.toSorted((a, b) => a.klCoefficient - b.klCoefficient || a.steps - b.steps);
  const size = ordered[0]?.vector.length ?? 0;
  const vectors = new Float32Array(ordered.length * size);
  for (const [place, { vector }] of ordered.entries()) vectors.set(vector, place * size);
  const names = ordered.map(({ klCoefficient, steps }) => ({ klCoefficient, steps }));
  return {
    purpose: 'trajectory',
    names,
    vectors,
    identity: { cells: names, adapters: createHash('sha256').update(vectors).digest('hex') },
  };
}
