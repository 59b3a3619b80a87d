/** A base with an adapter's change merged as a Hugging Face folder: bf16 weights, config.json, tokenizer, chat template. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { jsonFile, textFile, type ExportFile } from '../../shared/export/export-file.ts';
import { ExportError } from '../../shared/export/export-error.ts';
import { exists, readJsonFile } from '../files/files.ts';
import type { Adapter } from '../llama/model/adapter.ts';
import type { Architecture } from '../llama/model/architecture.ts';
import {
  CHAT_TEMPLATE_FILE,
  GENERATION_CONFIG_FILE,
  TOKENIZER_CONFIG_FILE,
  TOKENIZER_FILE,
} from '../llama/tokenizer/companions.ts';
import type { ImportedModel } from '../llama/weights/import-model.ts';
import { type Family, familyOf } from './family.ts';
import { huggingFaceScaling } from './huggingface-scaling.ts';
import { mergedTensors, type MergedTensor } from './merged-tensors.ts';
import { type NamedTensor, safetensorsShards } from './safetensors-shards.ts';
import { huggingFaceName } from './tensor-names.ts';

const CONFIG_FILE = 'config.json';
/** What a base keeps of the model's own files, beside what is written anew. */
const KEPT = [TOKENIZER_FILE, TOKENIZER_CONFIG_FILE, CHAT_TEMPLATE_FILE];
const MAXIMUM_CONFIG_BYTES = 1 << 20;
const CURE = 'Delete the converted base and import the model again';

/**
 * A folder that AutoModelForCausalLM opens; with a head, one that AutoModelForSequenceClassification opens, whose one
 * label is the score less the head's bias, for which those classes have no place.
 */
export async function mergedFolder(model: ImportedModel, adapter: Adapter | null): Promise<ExportFile[]> {
  const { architecture, base, tokenizer } = model;
  const family = familyOf(architecture);
  const isClassifier = adapter !== null && adapter.head !== null;
  const tensors = mergedTensors(base, adapter, 'half').map((tensor): NamedTensor => ({
    name: huggingFaceName(tensor, family.names ?? {}),
    tensor: family.normsLessOne === true ? lessOne(tensor) : tensor,
  }));
  const weights = isClassifier
    ? [...tensors.filter(({ tensor }) => tensor.part !== 'output'), scoreHead(adapter)]
    : tensors;
  const kept: ExportFile[] = [];
  for (const name of KEPT) {
    const file = path.join(base.folder, name);
    if (await exists(file))
      kept.push({
        name,
        chunks: async function* () {
          yield await readFile(file);
        },
      });
  }
  const ends = tokenizer.eosTokens.length > 1 ? tokenizer.eosTokens : (tokenizer.eosTokens[0] ?? null);
  return [
    jsonFile(CONFIG_FILE, await configOf(base.folder, architecture, family, isClassifier)),
    ...kept,
    ...(isClassifier ? [] : [await generationConfig(base.folder, architecture, ends)]),
    ...safetensorsShards(weights),
  ];
}

/** The model's own config.json where the base keeps it, or one of the record. */
async function configOf(
  folder: string,
  architecture: Architecture,
  family: Family,
  isClassifier: boolean,
): Promise<Record<string, unknown>> {
  const file = path.join(folder, CONFIG_FILE);
  const own = (await exists(file)) ? await readJsonFile(file, MAXIMUM_CONFIG_BYTES, CURE) : null;
  if (own === null && family.config === null) {
    throw new ExportError(
      `${family.modelType} needs the model's own config.json, which the base does not keep`,
      {
        cure: 'Import the model from its Hugging Face folder, or ask for peft',
      },
    );
  }
  const config = own ?? { ...commonConfig(architecture), ...family.config?.(architecture) };
  const classes = `${family.classes}${isClassifier ? 'ForSequenceClassification' : 'ForCausalLM'}`;
  return {
    ...config,
    model_type: family.modelType,
    architectures: [classes],
    tie_word_embeddings: architecture.tiedEmbedding,
    pad_token_id: architecture.padToken,
    dtype: 'bfloat16',
    torch_dtype: 'bfloat16',
    ...(isClassifier ? { id2label: { 0: 'score' }, label2id: { score: 0 } } : {}),
  };
}

/** The fields of every family, in the names that transformers 4 and 5 read. */
function commonConfig(architecture: Architecture): Record<string, unknown> {
  const { bosToken, eosTokens, norm, rope } = architecture;
  return {
    vocab_size: architecture.vocabularySize,
    hidden_size: architecture.hiddenSize,
    intermediate_size: architecture.intermediateSize,
    num_hidden_layers: architecture.layers,
    num_attention_heads: architecture.heads,
    num_key_value_heads: architecture.keyValueHeads,
    head_dim: architecture.headSize,
    hidden_act: 'silu',
    max_position_embeddings: architecture.maximumPositions,
    rms_norm_eps: norm.epsilon,
    rope_theta: rope.theta,
    rope_scaling: huggingFaceScaling(rope.scaling),
    bos_token_id: bosToken,
    eos_token_id: eosTokens.length > 1 ? eosTokens : (eosTokens[0] ?? null),
  };
}

async function generationConfig(
  folder: string,
  { bosToken, padToken }: Architecture,
  ends: number | readonly number[] | null,
): Promise<ExportFile> {
  const file = path.join(folder, GENERATION_CONFIG_FILE);
  if (await exists(file)) return textFile(GENERATION_CONFIG_FILE, await readFile(file, 'utf8'));
  return jsonFile(GENERATION_CONFIG_FILE, {
    bos_token_id: bosToken,
    eos_token_id: ends,
    pad_token_id: padToken,
  });
}

function lessOne(tensor: MergedTensor): MergedTensor {
  if (!/norm$/i.test(tensor.part)) return tensor;
  return {
    ...tensor,
    rows: async (first, count) => (await tensor.rows(first, count)).map((value) => value - 1),
  };
}

function scoreHead({ head }: Adapter): NamedTensor {
  const weight = head?.weight ?? new Float32Array();
  return {
    name: 'score.weight',
    tensor: { part: 'output', layer: null, shape: [1, weight.length], rows: async () => weight },
  };
}
