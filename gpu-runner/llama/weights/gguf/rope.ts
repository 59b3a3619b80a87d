/** Rotary embedding as a GGUF file says it: metadata, and the tensors of factors. */
import type { RopeScaling } from '../../model/architecture.ts';
import type { GgufMetadata } from './metadata.ts';

/** Factors of each pair's frequency by the name of their tensor; null where the file has none. */
export type RopeFactors = (name: string) => Promise<Float32Array | null>;

/** What Llama 3.1 to 3.3 scale with; the file holds only the factors that come of it. */
const LLAMA3 = { lowFrequencyFactor: 1, highFrequencyFactor: 4, originalMaximumPositions: 8192 };
/** The factors are stored in fp32, after some operations in it. */
const LLAMA3_TOLERANCE = 1e-5;

export interface Rope {
  readonly theta: number;
  readonly rotarySize: number;
  readonly scaling: RopeScaling | null;
  readonly maximumPositions: number;
}

/** @throws ModelFileError for a kind of scaling that is not known */
export async function readRope(
  metadata: GgufMetadata,
  family: string,
  headSize: number,
  factors: RopeFactors,
): Promise<Rope> {
  const key = (name: string): string => `${family}.${name}`;
  const theta = metadata.number(key('rope.freq_base')) ?? 10_000;
  const rotarySize = metadata.integerOfAllLayers(key('rope.dimension_count')) ?? headSize;
  const maximumPositions = metadata.integer(key('context_length'));
  const short = await factors('rope_factors_short.weight');
  if (short !== null) {
    // Long factors are for texts beyond the trained length, which this model is not asked for.
    const original = metadata.integer(key('rope.scaling.original_context_length'));
    const attentionFactor =
      metadata.number(key('rope.scaling.attn_factor')) ??
      longRopeFactor(maximumPositions / original, original);
    const scaling = { kind: 'longrope' as const, factors: Array.from(short), attentionFactor };
    return { theta, rotarySize, scaling, maximumPositions: Math.min(original, maximumPositions) };
  }
  const frequencies = await factors('rope_freqs.weight');
  const scaling =
    frequencies === null
      ? readScaling(metadata, key, maximumPositions)
      : asScaling(frequencies, theta, rotarySize);
  return { theta, rotarySize, scaling, maximumPositions };
}

function readScaling(
  metadata: GgufMetadata,
  key: (name: string) => string,
  maximumPositions: number,
): RopeScaling | null {
  const kind = metadata.text(key('rope.scaling.type'));
  const factor =
    metadata.number(key('rope.scaling.factor')) ?? metadata.number(key('rope.scale_linear')) ?? 1;
  if (kind === 'none' || factor === 0) return null;
  if (kind === null || kind === 'linear') return factor === 1 ? null : { kind: 'linear', factor };
  if (kind === 'yarn') {
    const attention =
      metadata.number(key('rope.scaling.attn_factor')) ??
      metadata.number(key('rope.scaling.yarn_attn_factor')) ??
      1;
    return {
      kind,
      factor,
      originalMaximumPositions:
        metadata.number(key('rope.scaling.original_context_length')) ?? Math.round(maximumPositions / factor),
      betaFast: metadata.number(key('rope.scaling.yarn_beta_fast')) ?? 32,
      betaSlow: metadata.number(key('rope.scaling.yarn_beta_slow')) ?? 1,
      attentionFactor: attention === 1 ? null : attention * (1 + 0.1 * Math.log(factor)),
      truncate: true,
    };
  }
  throw metadata.refuse(
    key('rope.scaling.type'),
    `is ${JSON.stringify(kind.slice(0, 40))}; none, linear, yarn and tensors of factors are read`,
    'Use a file of the model without that scaling',
  );
}

/** What cosine and sine of a longrope are multiplied by where the file does not say it. */
function longRopeFactor(scale: number, original: number): number {
  return scale <= 1 ? 1 : Math.sqrt(1 + Math.log(scale) / Math.log(original));
}

/** Llama 3's scaling where the factors are those that it gives, for then an export can name it; else as they are. */
function asScaling(factors: Float32Array, theta: number, rotarySize: number): RopeScaling {
  const scaling = { kind: 'llama3' as const, factor: Math.max(...factors), ...LLAMA3 };
  const expected = llama3Factors(scaling, theta, rotarySize);
  const isLlama3 = factors.every(
    (value, pair) => Math.abs(value - (expected[pair] ?? 0)) <= LLAMA3_TOLERANCE * value,
  );
  return isLlama3 ? scaling : { kind: 'longrope', factors: Array.from(factors), attentionFactor: 1 };
}

/** What Llama 3 divides each pair's frequency by: nothing where it is high, the factor where it is low, a blend between. */
export function llama3Factors(
  {
    factor,
    lowFrequencyFactor: low,
    highFrequencyFactor: high,
    originalMaximumPositions: original,
  }: Extract<RopeScaling, { kind: 'llama3' }>,
  theta: number,
  rotarySize: number,
): number[] {
  return Array.from({ length: rotarySize / 2 }, (_, pair) => {
    const turns = (original * theta ** ((-2 * pair) / rotarySize)) / (2 * Math.PI);
    if (turns > high) return 1;
    if (turns < low) return factor;
    const smooth = (turns - low) / (high - low);
    return 1 / ((1 - smooth) / factor + smooth);
  });
}
