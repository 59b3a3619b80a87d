/** How fast each pair of a head turns: theta and the scalings of long contexts, in float64. */
import type { Architecture, RopeScaling } from './architecture.ts';

/** By which theta a layer turns: the model's, or that of layers with a window where they have one of their own. */
export type RotaryKind = 'global' | 'local';

/** How a layer turns, null for one that does not. */
export function rotaryKind({ rope, windows }: Architecture, layer: number): RotaryKind | null {
  if (rope.layersWithout.includes(layer)) return null;
  return rope.local !== null && (windows?.[layer] ?? null) !== null ? 'local' : 'global';
}

/** Angles of one layer's rotary embedding. */
export interface Turning {
  /** angle per position of each pair, [rotarySize / 2] */
  readonly frequencies: Float64Array;
  /** what cosine and sine are multiplied by */
  readonly attentionFactor: number;
}

/** theta^(-2 pair / rotarySize), scaled as the architecture says; a local theta is not scaled. */
export function turning({ rope }: Architecture, kind: RotaryKind): Turning {
  const { rotarySize } = rope;
  const pairs = rotarySize / 2;
  const local = kind === 'local' ? rope.local : null;
  const theta = local?.theta ?? rope.theta;
  const scaling = local === null ? rope.scaling : null;
  const plain = Float64Array.from({ length: pairs }, (_, pair) => theta ** ((-2 * pair) / rotarySize));
  if (scaling === null) return { frequencies: plain, attentionFactor: 1 };
  const slowed = slowing(scaling, rotarySize, theta);
  return {
    frequencies: plain.map((frequency, pair) => slowed(frequency, pair)),
    attentionFactor: attentionFactor(scaling),
  };
}

function attentionFactor(scaling: RopeScaling): number {
  if (scaling.kind === 'longrope') return scaling.attentionFactor;
  if (scaling.kind === 'yarn') return scaling.attentionFactor ?? 0.1 * Math.log(scaling.factor) + 1;
  return 1;
}

/** The frequency of a pair after the scaling, from that before it. */
function slowing(
  scaling: RopeScaling,
  rotarySize: number,
  theta: number,
): (frequency: number, pair: number) => number {
  if (scaling.kind === 'linear') return (frequency) => frequency / scaling.factor;
  if (scaling.kind === 'longrope') return (frequency, pair) => frequency / (scaling.factors[pair] ?? 1);
  const { factor, originalMaximumPositions } = scaling;
  const blend = (frequency: number, kept: number): number =>
    kept * frequency + ((1 - kept) * frequency) / factor;
  if (scaling.kind === 'llama3') {
    // Turns per original context decide; few turns are slowed by the factor, many are kept, between is a blend.
    const { lowFrequencyFactor, highFrequencyFactor } = scaling;
    return (frequency) => {
      const turns = (originalMaximumPositions * frequency) / (2 * Math.PI);
      return blend(
        frequency,
        within((turns - lowFrequencyFactor) / (highFrequencyFactor - lowFrequencyFactor)),
      );
    };
  }
  // The same by pairs: those up to `first` are kept, those from `last` on are slowed, between is a blend.
  const { betaFast, betaSlow, truncate } = scaling;
  const pairOfTurns = (turns: number): number =>
    (rotarySize * Math.log(originalMaximumPositions / (turns * 2 * Math.PI))) / (2 * Math.log(theta));
  const [low, high] = [pairOfTurns(betaFast), pairOfTurns(betaSlow)];
  const first = Math.max(truncate ? Math.floor(low) : low, 0);
  const last = Math.min(truncate ? Math.ceil(high) : high, rotarySize - 1);
  const span = first === last ? 0.001 : last - first;
  return (frequency, pair) => blend(frequency, 1 - within((pair - first) / span));
}

/** Held to 0 .. 1. */
function within(share: number): number {
  return Math.min(1, Math.max(0, share));
}
