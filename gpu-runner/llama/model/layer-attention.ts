/** What attention of each layer looks at: how its heads turn, how far back it sees, how its scores are scaled. */
import { rotary } from '../../tensor/composites.ts';
import type { Value } from '../../tensor/graph.ts';
import * as ops from '../../tensor/operators.ts';
import type { Architecture } from './architecture.ts';
import type { LayerTables } from './rotary-tables.ts';

/** Positions that a layer sees, its own among them; null where it sees everything. */
function windowOf({ windows }: Architecture, layer: number): number | null {
  return windows?.[layer] ?? null;
}

/** What scores are multiplied by. */
export function scoreScale({ attentionScale, headSize }: Architecture): number {
  return attentionScale ?? 1 / Math.sqrt(headSize);
}

/**
 * Heads [batch, heads, time, D] turned in their first rotarySize components; the others, and all of a layer without
 * tables, stay as they are.
 *
 * @param positions int64 [batch, time], or [1]: every row counts from it
 */
export function turnHeads(x: Value, tables: LayerTables | undefined, positions: Value): Value {
  if (tables === undefined) return x;
  const size = Number(x.shape[3]);
  const rotarySize = 2 * Number(tables.cosine.shape[1]);
  const angles = { ...tables, positions };
  if (rotarySize === size) return rotary(x, angles);
  const [turning, still] = ops.split(x, 3, [rotarySize, size - rotarySize]);
  return ops.concat([rotary(ops.known(turning), angles), ops.known(still)], 3);
}

/** One value for each window that the layers have, made once: [layer] -> value. */
export function byWindow<Thing>(
  architecture: Architecture,
  make: (window: number | null) => Thing,
): (layer: number) => Thing {
  const made = new Map<number | null, Thing>();
  for (let layer = 0; layer < architecture.layers; layer++) {
    const window = windowOf(architecture, layer);
    if (!made.has(window)) made.set(window, make(window));
  }
  return (layer) => ops.known(made.get(windowOf(architecture, layer)), `mask of layer ${layer}`);
}
