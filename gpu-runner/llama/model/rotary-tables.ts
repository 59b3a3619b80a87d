/** Cosine and sine tables of the rotary embedding, computed in float64. */
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
