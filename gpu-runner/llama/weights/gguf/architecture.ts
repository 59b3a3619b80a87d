/** The metadata of a GGUF file to the architecture record. */
import { type Architecture, LLAMA, validateArchitecture } from '../../model/architecture.ts';
import { type GgufFamily, ggufFamilies } from './families.ts';
import type { GgufMetadata } from './metadata.ts';
import { readRope, type RopeFactors } from './rope.ts';

/** What the tensors of the file tell. */
export interface TensorFacts {
  readonly has: (name: string) => boolean;
  /** Rows of the embedding. */
  readonly vocabularySize: number;
  readonly factors: RopeFactors;
}

export interface GgufArchitecture {
  readonly architecture: Architecture;
  readonly family: GgufFamily;
}

/** @throws ModelFileError naming the field that is missing, wrong or not supported */
export async function readGgufArchitecture(
  metadata: GgufMetadata,
  { has, vocabularySize, factors }: TensorFacts,
): Promise<GgufArchitecture> {
  const name = metadata.requiredText('general.architecture');
  const family = ggufFamilies.get(name);
  if (family === undefined) {
    const fault = `is ${JSON.stringify(name.slice(0, 40))}; read are ${[...ggufFamilies.keys()].join(', ')}`;
    throw metadata.refuse('general.architecture', fault, 'Use a model of one of these families');
  }
  const key = (field: string): string => `${name}.${field}`;
  if ((metadata.number(key('expert_count')) ?? 0) > 0) {
    throw metadata.refuse(
      key('expert_count'),
      'says that the layers are mixtures of experts',
      'Use a dense model',
    );
  }
  const hiddenSize = metadata.integer(key('embedding_length'));
  const layers = metadata.integer(key('block_count'));
  const heads = metadata.integerOfAllLayers(key('attention.head_count')) ?? 0;
  const keyValueHeads = metadata.integerOfAllLayers(key('attention.head_count_kv')) ?? heads;
  const headSize = metadata.integerOfAllLayers(key('attention.key_length')) ?? hiddenSize / heads;
  if (!Number.isInteger(headSize)) {
    throw metadata.refuse(
      key('attention.head_count'),
      `${heads} heads do not divide a width of ${hiddenSize}`,
    );
  }
  const valueSize = metadata.integerOfAllLayers(key('attention.value_length')) ?? headSize;
  if (valueSize !== headSize) {
    throw metadata.refuse(
      key('attention.value_length'),
      `is ${valueSize}, keys have ${headSize}`,
      'Use a model of one size',
    );
  }
  const { placement, rope, ...differences } = family.differences({
    metadata,
    key,
    layers,
    heads,
    hiddenSize,
    headSize,
  });
  const { maximumPositions, ...rotation } = await readRope(metadata, name, headSize, factors);
  const window = metadata.number(key('attention.sliding_window')) ?? 0;
  const period =
    family.windowPeriod === null
      ? null
      : (metadata.number(key('attention.sliding_window_pattern')) ?? family.windowPeriod);
  const eosTokens = endTokens(metadata);
  const architecture = {
    vocabularySize,
    hiddenSize,
    intermediateSize: metadata.integerOfAllLayers(key('feed_forward_length')),
    layers,
    heads,
    keyValueHeads,
    headSize,
    maximumPositions,
    ...LLAMA,
    ...differences,
    biases: {
      queryKeyValue: has('blk.0.attn_q.bias') || has('blk.0.attn_qkv.bias'),
      attentionOutput: has('blk.0.attn_output.bias'),
      feedForward: has('blk.0.ffn_down.bias'),
    },
    norm: {
      epsilon: metadata.requiredNumber(key('attention.layer_norm_rms_epsilon')),
      placement: placement ?? LLAMA.norm.placement,
    },
    rope: { ...LLAMA.rope, ...rope, ...rotation },
    windows:
      window > 0
        ? Array.from({ length: layers }, (_, layer) =>
            period !== null && (layer + 1) % period === 0 ? null : window,
          )
        : null,
    tiedEmbedding: family.alwaysTied || !has('output.weight'),
    bosToken: metadata.number('tokenizer.ggml.bos_token_id'),
    eosTokens,
    padToken: metadata.number('tokenizer.ggml.padding_token_id') ?? eosTokens[0] ?? 0,
  };
  return { architecture: validateArchitecture(architecture, metadata.file), family };
}

/** Ids that end a text: of the whole, and of a turn or message of a chat. */
function endTokens(metadata: GgufMetadata): number[] {
  const ids = ['eos', 'eot', 'eom'].map((name) => metadata.number(`tokenizer.ggml.${name}_token_id`));
  return [...new Set(ids.filter((id) => id !== null))];
}
