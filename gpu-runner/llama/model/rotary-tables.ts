/** Cosine and sine tables of the rotary embedding, computed in float64. */
import type { RotaryTables } from '../../tensor/composites.ts';
import type { Graph, Value } from '../../tensor/graph.ts';
import type { Architecture } from './architecture.ts';

/** Tables [positions, headSize / 2], row-major. */
export interface RotaryTableData {
  readonly cosine: Float32Array;
  readonly sine: Float32Array;
}

/** Angle per position of each pair, after linear or llama3 scaling. */
function frequencies(architecture: Architecture): Float64Array {
  const {
    headSize,
    rope: { theta, scaling },
  } = architecture;
  return Float64Array.from({ length: headSize / 2 }, (_, pair) => {
    const frequency = theta ** ((-2 * pair) / headSize);
    if (scaling === null) return frequency;
    if (scaling.kind === 'linear') return frequency / scaling.factor;
    // llama3: turns per original context decide; few turns are slowed by the factor, many are kept, between is a blend.
    const { factor, lowFrequencyFactor, highFrequencyFactor, originalMaximumPositions } = scaling;
    const turns = (originalMaximumPositions * frequency) / (2 * Math.PI);
    const blend = (turns - lowFrequencyFactor) / (highFrequencyFactor - lowFrequencyFactor);
    const kept = Math.min(1, Math.max(0, blend));
    return kept * frequency + ((1 - kept) * frequency) / factor;
  });
}

/** The tables for positions 0 .. positions - 1. */
export function rotaryTables(architecture: Architecture, positions: number): RotaryTableData {
  const angles = frequencies(architecture);
  const cosine = new Float32Array(positions * angles.length);
  const sine = new Float32Array(positions * angles.length);
  for (let position = 0; position < positions; position++) {
    angles.forEach((frequency, pair) => {
      cosine[position * angles.length + pair] = Math.cos(position * frequency);
      sine[position * angles.length + pair] = Math.sin(position * frequency);
    });
  }
  return { cosine, sine };
}

/** The tables as constants of a graph, [positions, headSize / 2] each. */
export function rotaryConstants(
  graph: Graph,
  architecture: Architecture,
  positions: number,
  dtype: 'float32' | 'float16' = 'float32',
): Pick<RotaryTables, 'cosine' | 'sine' | 'interleaved'> {
  const table = (numbers: Float32Array): Value =>
    graph.constant(dtype, dtype === 'float32' ? numbers : [...numbers], [
      positions,
      architecture.headSize / 2,
    ]);
  const { cosine, sine } = rotaryTables(architecture, positions);
  return {
    cosine: table(cosine),
    sine: table(sine),
    interleaved: architecture.rope.layout === 'interleaved',
  };
}
