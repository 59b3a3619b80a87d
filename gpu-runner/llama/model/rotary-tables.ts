/** Cosine and sine tables of the rotary embedding, computed in float64. */
import type { RotaryTables } from '../../tensor/composites.ts';
import type { Graph, Value } from '../../tensor/graph.ts';
import * as ops from '../../tensor/operators.ts';
import type { Architecture } from './architecture.ts';
import { turning } from './rotary-frequencies.ts';

/** Tables [positions, rotarySize / 2], row-major. */
export interface RotaryTableData {
  readonly cosine: Float32Array;
  readonly sine: Float32Array;
}

/** The tables for positions 0 .. positions - 1. @param local whether windowed layers turn by them */
export function rotaryTables(architecture: Architecture, positions: number, local = false): RotaryTableData {
  const { frequencies, attentionFactor } = turning(architecture, local);
  const cosine = new Float32Array(positions * frequencies.length);
  const sine = new Float32Array(positions * frequencies.length);
  for (let position = 0; position < positions; position++) {
    frequencies.forEach((frequency, pair) => {
      cosine[position * frequencies.length + pair] = attentionFactor * Math.cos(position * frequency);
      sine[position * frequencies.length + pair] = attentionFactor * Math.sin(position * frequency);
    });
  }
  return { cosine, sine };
}

/** What a graph takes as one constant. */
const CONSTANT_BYTES = 1 << 20;

/** The tables as constants of a graph, [positions, rotarySize / 2] each; a long one stands in pieces. */
export function rotaryConstants(
  graph: Graph,
  architecture: Architecture,
  positions: number,
  dtype: 'float32' | 'float16' = 'float32',
  local = false,
): Pick<RotaryTables, 'cosine' | 'sine' | 'interleaved'> {
  const pairs = architecture.rope.rotarySize / 2;
  const rows = Math.max(1, Math.floor(CONSTANT_BYTES / (pairs * (dtype === 'float32' ? 4 : 2))));
  const table = (numbers: Float32Array): Value => {
    const pieces = Array.from({ length: Math.ceil(positions / rows) }, (_, index) => {
      const piece = numbers.subarray(index * rows * pairs, (index + 1) * rows * pairs);
      return graph.constant(dtype, dtype === 'float32' ? piece : [...piece], [piece.length / pairs, pairs]);
    });
    return pieces.length === 1 ? ops.first(pieces) : ops.concat(pieces, 0);
  };
  const { cosine, sine } = rotaryTables(architecture, positions, local);
  return {
    cosine: table(cosine),
    sine: table(sine),
    interleaved: architecture.rope.layout === 'interleaved',
  };
}
