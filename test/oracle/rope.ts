/** The angles of rotary embeddings by the papers, pair by pair in float64. */

type OracleScaling =
  | { readonly kind: 'linear'; readonly factor: number }
  | {
      readonly kind: 'llama3';
      readonly factor: number;
      readonly lowFrequencyFactor: number;
      readonly highFrequencyFactor: number;
      readonly originalMaximumPositions: number;
    }
  | {
      readonly kind: 'yarn';
      readonly factor: number;
      readonly originalMaximumPositions: number;
      readonly betaFast: number;
      readonly betaSlow: number;
      readonly attentionFactor: number | null;
      readonly truncate: boolean;
    }
  | { readonly kind: 'longrope'; readonly factors: readonly number[]; readonly attentionFactor: number };

export interface OracleRope {
  readonly theta: number;
  readonly layout: 'interleaved' | 'half';
  readonly rotarySize: number;
  readonly layersWithout: readonly number[];
  readonly scaling: OracleScaling | null;
  readonly local: { readonly theta: number } | null;
}

/** Angle per position of a rotation pair, after the scaling that long-context models apply; `local` layers have none. */
export function frequency(rope: OracleRope, pair: number, local: boolean): number {
  const { rotarySize, scaling } = rope;
  const theta = local && rope.local !== null ? rope.local.theta : rope.theta;
  const plain = 1 / theta ** ((2 * pair) / rotarySize);
  if (scaling === null || local) return plain;
  if (scaling.kind === 'linear') return plain / scaling.factor;
  if (scaling.kind === 'longrope') return plain / (scaling.factors[pair] ?? Number.NaN);
  const wavelength = (2 * Math.PI) / plain;
  if (scaling.kind === 'yarn') {
    // The pair whose wave fits `turns` times into the original context: theta^(2 pair / D) = context / (2 pi turns).
    const pairAt = (turns: number): number =>
      ((rotarySize / 2) * Math.log(scaling.originalMaximumPositions / (2 * Math.PI * turns))) /
      Math.log(theta);
    const round = (value: number, to: (value: number) => number): number =>
      scaling.truncate ? to(value) : value;
    const from = Math.max(0, round(pairAt(scaling.betaFast), Math.floor));
    const to = Math.min(rotarySize - 1, round(pairAt(scaling.betaSlow), Math.ceil));
    const slowed = pair <= from ? 0 : pair >= to ? 1 : (pair - from) / (to - from);
    return (1 - slowed) * plain + (slowed * plain) / scaling.factor;
  }
  const longest = scaling.originalMaximumPositions / scaling.lowFrequencyFactor;
  const shortest = scaling.originalMaximumPositions / scaling.highFrequencyFactor;
  if (wavelength < shortest) return plain;
  if (wavelength > longest) return plain / scaling.factor;
  const smooth =
    (scaling.originalMaximumPositions / wavelength - scaling.lowFrequencyFactor) /
    (scaling.highFrequencyFactor - scaling.lowFrequencyFactor);
  return ((1 - smooth) * plain) / scaling.factor + smooth * plain;
}

/** What rotated components are multiplied by: YaRN and LongRoPE sharpen attention through it. */
export function lengthening({ scaling }: OracleRope, local: boolean): number {
  if (local || scaling === null) return 1;
  if (scaling.kind === 'longrope') return scaling.attentionFactor;
  if (scaling.kind === 'yarn') return scaling.attentionFactor ?? 1 + Math.log(scaling.factor) / 10;
  return 1;
}
