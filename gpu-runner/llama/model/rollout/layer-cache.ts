/** Keys and values of the tokens that a rollout has read, layer by layer. */
import type { Value } from '../../../tensor/graph.ts';
import * as ops from '../../../tensor/operators.ts';

/** Keys, rotated, and values of one layer, [batch, keyValueHeads, tokens, headSize] each. */
export interface LayerCache {
  readonly keys: Value;
  readonly values: Value;
}

/** Keys and values by turns, as loops and branches carry them. */
export function flatten(layers: readonly LayerCache[]): Value[] {
  return layers.flatMap(({ keys, values }) => [keys, values]);
}

/** The layers of {@link flatten}. */
export function unflatten(values: readonly Value[]): LayerCache[] {
  return Array.from({ length: values.length / 2 }, (_, layer) => ({
    keys: ops.known(values[2 * layer], 'keys'),
    values: ops.known(values[2 * layer + 1], 'values'),
  }));
}
