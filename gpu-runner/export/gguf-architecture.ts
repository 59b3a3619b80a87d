/** The architecture record in llama.cpp's keys. */
import { ExportError } from '../../shared/export/export-error.ts';
import type { GgufMetadata, GgufTensor } from '../../shared/export/gguf/container.ts';
import type { Architecture } from '../llama/model/architecture.ts';

/** @param name llama.cpp's name of the family, with which its keys begin */
export function ggufArchitecture(name: string, architecture: Architecture): GgufMetadata {
  const { rope, norm, headSize } = architecture;
  const whole = {
    vocab_size: architecture.vocabularySize,
    context_length: architecture.maximumPositions,
    embedding_length: architecture.hiddenSize,
    block_count: architecture.layers,
    feed_forward_length: architecture.intermediateSize,
    'rope.dimension_count': headSize,
    'attention.head_count': architecture.heads,
    'attention.head_count_kv': architecture.keyValueHeads,
    'attention.key_length': headSize,
    'attention.value_length': headSize,
  };
  return [
    ...Object.entries(whole).map(([key, value]) => [`${name}.${key}`, { type: 'uint32', value }] as const),
    [`${name}.attention.layer_norm_rms_epsilon`, { type: 'float32', value: norm.epsilon }],
    [`${name}.rope.freq_base`, { type: 'float32', value: rope.theta }],
    ...ropeScaling(name, rope.scaling),
  ];
}

function ropeScaling(name: string, scaling: Architecture['rope']['scaling']): GgufMetadata {
  if (scaling?.kind !== 'linear' && scaling?.kind !== 'yarn') return [];
  const common: GgufMetadata = [
    [`${name}.rope.scaling.type`, { type: 'string', value: scaling.kind }],
    [`${name}.rope.scaling.factor`, { type: 'float32', value: scaling.factor }],
  ];
  if (scaling.kind === 'linear') return common;
  const { betaFast, betaSlow, attentionFactor, truncate, originalMaximumPositions } = scaling;
  if (betaFast !== 32 || betaSlow !== 1 || attentionFactor !== null || !truncate) {
    throw new ExportError("the model's yarn differs from the one that llama.cpp computes", {
      cure: 'Ask for merged',
    });
  }
  return [
    ...common,
    [`${name}.rope.scaling.original_context_length`, { type: 'uint32', value: originalMaximumPositions }],
  ];
}

/** rope_freqs.weight, by whose numbers llama.cpp divides the frequencies: LLaMA 3's scaling. */
export function ggufRopeFactors({ headSize, rope }: Architecture): GgufTensor[] {
  const { scaling, theta } = rope;
  if (scaling?.kind !== 'llama3') return [];
  const { factor, lowFrequencyFactor: low, highFrequencyFactor: high, originalMaximumPositions } = scaling;
  const factors = Float32Array.from({ length: headSize / 2 }, (_, index) => {
    const turns = originalMaximumPositions / (2 * Math.PI * theta ** ((2 * index) / headSize));
    if (turns > high) return 1;
    if (turns < low) return factor;
    const smooth = (turns - low) / (high - low);
    return 1 / ((1 - smooth) / factor + smooth);
  });
  return [
    {
      name: 'rope_freqs.weight',
      type: 'F32',
      shape: [factors.length],
      chunks: () => [new Uint8Array(factors.buffer)],
    },
  ];
}
