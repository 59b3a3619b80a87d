/** The architecture record in llama.cpp's keys, held to what the reader of such files makes of them. */
import type { GgufMetadata, GgufTensor } from '../../shared/export/gguf/container.ts';
import type { Architecture } from '../llama/model/architecture.ts';
import { type GgufFamily, ggufFamilies } from '../llama/weights/gguf/families.ts';
import { llama3Factors } from '../llama/weights/gguf/rope.ts';
import { familyOf } from './family.ts';
import { requireReadBack } from './gguf-read-back.ts';

/** How a model is said in a GGUF file. */
export interface GgufForm {
  /** llama.cpp's name of the family, with which its keys begin. */
  readonly name: string;
  readonly family: GgufFamily;
  readonly metadata: GgufMetadata;
  /** Factors of the rotary embedding, which stand beside the weights. */
  readonly factors: readonly GgufTensor[];
}

/**
 * @param modelType what the model's own config.json calls its family; null where there is none
 * @throws ExportError for a model of which llama.cpp would compute another
 */
export async function ggufForm(architecture: Architecture, modelType: string | null): Promise<GgufForm> {
  const { gguf: name } = familyOf(architecture, modelType);
  const family = ggufFamilies.get(name);
  if (family === undefined) throw new RangeError(`${name} is no family of llama.cpp's`);
  const factors = ropeFactors(architecture, family);
  const metadata = [
    ...keysOf(name, architecture, family),
    ...(factors.size > 0 ? factorKeys(name, architecture) : []),
  ];
  await requireReadBack(architecture, name, metadata, factors);
  return { name, family, metadata, factors: [...factors].map(([file, values]) => vector(file, values)) };
}

function keysOf(name: string, architecture: Architecture, family: GgufFamily): GgufMetadata {
  const { rope, norm, headSize, softCaps } = architecture;
  const whole = {
    vocab_size: architecture.vocabularySize,
    context_length: architecture.maximumPositions,
    embedding_length: architecture.hiddenSize,
    block_count: architecture.layers,
    feed_forward_length: architecture.intermediateSize,
    'rope.dimension_count': rope.rotarySize,
    'attention.head_count': architecture.heads,
    'attention.head_count_kv': architecture.keyValueHeads,
    'attention.key_length': headSize,
    'attention.value_length': headSize,
    ...windowKeys(architecture, family),
  };
  const numbers = {
    'attention.layer_norm_rms_epsilon': norm.epsilon,
    'rope.freq_base': rope.theta,
    ...(rope.local === null ? {} : { 'rope.freq_base_swa': rope.local.theta }),
    ...(softCaps.attention === null ? {} : { attn_logit_softcapping: softCaps.attention }),
    ...(softCaps.logits === null ? {} : { final_logit_softcapping: softCaps.logits }),
  };
  return [
    ['general.architecture', { type: 'string', value: name }],
    ...Object.entries(whole).map(([key, value]) => [`${name}.${key}`, { type: 'uint32', value }] as const),
    ...Object.entries(numbers).map(([key, value]) => [`${name}.${key}`, { type: 'float32', value }] as const),
    ...ropeScaling(name, rope.scaling),
  ];
}

/** Of the families in which llama.cpp has windows; one as long as any text is none. */
function windowKeys(
  { windows, maximumPositions }: Architecture,
  { windowPeriod }: GgufFamily,
): Readonly<Record<string, number>> {
  if (windowPeriod === null) return {};
  const period = (windows?.indexOf(null) ?? -1) + 1;
  return {
    'attention.sliding_window': windows?.find((one) => one !== null) ?? maximumPositions,
    ...(period === 0 || period === windowPeriod ? {} : { 'attention.sliding_window_pattern': period }),
  };
}

function ropeScaling(name: string, scaling: Architecture['rope']['scaling']): GgufMetadata {
  if (scaling?.kind !== 'linear' && scaling?.kind !== 'yarn') return [];
  const common: GgufMetadata = [
    [`${name}.rope.scaling.type`, { type: 'string', value: scaling.kind }],
    [`${name}.rope.scaling.factor`, { type: 'float32', value: scaling.factor }],
  ];
  if (scaling.kind === 'linear') return common;
  const value = scaling.originalMaximumPositions;
  return [...common, [`${name}.rope.scaling.original_context_length`, { type: 'uint32', value }]];
}

/** By whose numbers llama.cpp divides the frequencies: LLaMA 3's scaling, and longrope up to the trained length. */
function ropeFactors({ rope }: Architecture, family: GgufFamily): ReadonlyMap<string, Float32Array> {
  const { scaling, theta, rotarySize } = rope;
  if (scaling?.kind === 'llama3' && family.ropeFactors === 'rope_freqs') {
    const factors = llama3Factors(scaling, theta, rotarySize);
    return new Map([['rope_freqs.weight', Float32Array.from(factors)]]);
  }
  if (scaling?.kind === 'longrope' && family.ropeFactors === 'longrope') {
    const factors = Float32Array.from(scaling.factors);
    // A base keeps no factors of texts beyond the trained length, so those of the shorter ones stand for both.
    return new Map([
      ['rope_factors_long.weight', factors],
      ['rope_factors_short.weight', factors],
    ]);
  }
  return new Map();
}

function factorKeys(name: string, { rope, maximumPositions }: Architecture): GgufMetadata {
  if (rope.scaling?.kind !== 'longrope') return [];
  return [
    [`${name}.rope.scaling.original_context_length`, { type: 'uint32', value: maximumPositions }],
    [`${name}.rope.scaling.attn_factor`, { type: 'float32', value: rope.scaling.attentionFactor }],
  ];
}

function vector(name: string, values: Float32Array): GgufTensor {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return { name, type: 'F32', shape: [values.length], chunks: () => [bytes] };
}
