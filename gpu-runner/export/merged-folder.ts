/** A base with an adapter's change merged as a Hugging Face folder: bf16 weights, config.json, tokenizer, chat template. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { jsonFile, textFile, type ExportFile } from '../../shared/export/export-file.ts';
import { exists } from '../files/files.ts';
import type { Adapter } from '../llama/model/adapter.ts';
import type { Architecture } from '../llama/model/architecture.ts';
import {
  CHAT_TEMPLATE_FILE,
  GENERATION_CONFIG_FILE,
  MODEL_CONFIG_FILE,
  TOKENIZER_CONFIG_FILE,
  TOKENIZER_FILE,
} from '../llama/tokenizer/companions.ts';
import type { ImportedModel } from '../llama/weights/import-model.ts';
import { configText } from './config-text.ts';
import { HEAD_NAME, huggingFaceTensors } from './huggingface-tensors.ts';
import { mergedTensors } from './merged-tensors.ts';
import { type Outside, outsideOf } from './outside.ts';
import { type NamedTensor, safetensorsShards } from './safetensors-shards.ts';

/** What a base keeps of the model's own files, beside what is written anew. */
const KEPT = [TOKENIZER_FILE, TOKENIZER_CONFIG_FILE, CHAT_TEMPLATE_FILE];

/**
 * A folder that AutoModelForCausalLM opens; with a head, one that AutoModelForSequenceClassification opens, whose one
 * label is the score less the head's bias, for which those classes have no place.
 */
export async function mergedFolder(model: ImportedModel, adapter: Adapter | null): Promise<ExportFile[]> {
  const { architecture, base, tokenizer } = model;
  const outside = await outsideOf(base);
  const isClassifier = adapter !== null && adapter.head !== null;
  const tensors = huggingFaceTensors(mergedTensors(base, adapter, 'half'), architecture, outside.tensors);
  const weights = isClassifier
    ? [...tensors.filter(({ name }) => name !== HEAD_NAME), scoreHead(adapter)]
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
    textFile(MODEL_CONFIG_FILE, configText(configOf(outside, architecture, isClassifier), outside.original)),
    ...kept,
    ...(isClassifier ? [] : [await generationConfig(base.folder, architecture, ends)]),
    ...safetensorsShards(weights),
  ];
}

function configOf(
  { config }: Outside,
  { tiedEmbedding, padToken }: Architecture,
  isClassifier: boolean,
): Record<string, unknown> {
  return {
    ...config,
    architectures: isClassifier ? classifiers(config['architectures']) : config['architectures'],
    tie_word_embeddings: tiedEmbedding,
    pad_token_id: padToken,
    dtype: 'bfloat16',
    torch_dtype: 'bfloat16',
    ...(isClassifier ? { id2label: { 0: 'score' }, label2id: { score: 0 } } : {}),
  };
}

function classifiers(architectures: unknown): string[] {
  const names = Array.isArray(architectures) ? architectures.map(String) : [];
  return names.map((name) => name.replace('ForCausalLM', 'ForSequenceClassification'));
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

function scoreHead({ head }: Adapter): NamedTensor {
  const weight = head?.weight ?? new Float32Array();
  return {
    name: 'score.weight',
    tensor: { shape: [1, weight.length], rows: async () => weight },
  };
}
