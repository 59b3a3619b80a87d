/** What a gradient case is: random arguments, the graph it builds, and the same function in the oracle. */
import type { Graph, Value } from '../../../gpu-runner/tensor/graph.ts';
import type { NumberArray } from '../../oracle/array.ts';
import type { Draws } from './engine.ts';

export interface GradientCase {
  /** rules and composites that the case must exercise */
  readonly covers: readonly string[];
  readonly name: string;
  readonly make: (draws: Draws) => {
    readonly arguments_: readonly NumberArray[];
    readonly build: (values: readonly Value[], graph: Graph) => Value;
    readonly oracle: (arrays: readonly NumberArray[]) => NumberArray;
  };
  /** operators the engine has in float32 only are checked against the oracle alone */
  readonly float32Only?: true;
  /** cases whose graph needs numbers for sizes; the others are also built with names for them */
  readonly knownSizes?: true;
}

export const MISSING: NumberArray = { shape: [], data: new Float64Array(1).fill(Number.NaN) };

export function argument(arrays: readonly NumberArray[], index: number): NumberArray {
  return arrays[index] ?? MISSING;
}

export function value(values: readonly Value[], index: number): Value {
  const found = values[index];
  if (found === undefined) throw new Error(`The case has no argument ${index}`);
  return found;
}
