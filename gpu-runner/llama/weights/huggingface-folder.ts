/** Weights of a Hugging Face LLaMA folder: one safetensors file or shards with their index. */
import { type LayerMatrixName, layerMatrixNames, layerShapes } from '../model/layer-matrices.ts';
import path from 'node:path';
import type { Architecture } from '../model/architecture.ts';
import { exists, readJsonFile } from '../../files/files.ts';
import { readHuggingFaceConfiguration } from './huggingface-config.ts';
import { ModelFileError } from '../../files/model-file-error.ts';
import { openSafetensors, type SafetensorsReader } from './safetensors-reader.ts';
import type { SourceLayer, SourceMatrix, WeightSource } from './weight-source.ts';

export const SINGLE_FILE = 'model.safetensors';
export const INDEX_FILE = 'model.safetensors.index.json';

const MAXIMUM_INDEX_BYTES = 64 * 1024 * 1024;
const cure = 'Fetch the checkpoint again, every file of it';

const layerTensorNames: Readonly<Record<LayerMatrixName, string>> = {
  attentionNorm: 'input_layernorm.weight',
  query: 'self_attn.q_proj.weight',
  key: 'self_attn.k_proj.weight',
  value: 'self_attn.v_proj.weight',
  queryBias: 'self_attn.q_proj.bias',
  keyBias: 'self_attn.k_proj.bias',
  valueBias: 'self_attn.v_proj.bias',
  queryNorm: 'self_attn.q_norm.weight',
  keyNorm: 'self_attn.k_norm.weight',
  attentionOutput: 'self_attn.o_proj.weight',
  attentionOutputBias: 'self_attn.o_proj.bias',
  attentionAfterNorm: 'post_attention_layernorm.weight',
  feedForwardNorm: 'post_attention_layernorm.weight',
  gate: 'mlp.gate_proj.weight',
  up: 'mlp.up_proj.weight',
  gateBias: 'mlp.gate_proj.bias',
  upBias: 'mlp.up_proj.bias',
  down: 'mlp.down_proj.weight',
  downBias: 'mlp.down_proj.bias',
  feedForwardAfterNorm: 'post_feedforward_layernorm.weight',
};

/** An opened checkpoint: its weights and the readers to close after use. */
export interface OpenedCheckpoint {
  readonly source: WeightSource;
  readonly close: () => Promise<void>;
}

/**
 * Names of the weight files of a folder, the index first if there is one.
 *
 * @throws ModelFileError if there are no safetensors or the index names files outside the folder
 */
export async function weightFileNames(folder: string): Promise<string[]> {
  if (await exists(path.join(folder, INDEX_FILE))) {
    return [INDEX_FILE, ...new Set((await readIndex(folder)).values())];
  }
  if (await exists(path.join(folder, SINGLE_FILE))) return [SINGLE_FILE];
  const hint = (await exists(path.join(folder, 'pytorch_model.bin')))
    ? ' (pytorch_model.bin is not read)'
    : '';
  throw new ModelFileError(
    folder,
    SINGLE_FILE,
    `is missing${hint}`,
    'Save the model with safe_serialization=True or point at the folder that holds it',
  );
}

/** Tensor name -> shard file name. */
async function readIndex(folder: string): Promise<Map<string, string>> {
  const file = path.join(folder, INDEX_FILE);
  const { weight_map: map } = await readJsonFile(file, MAXIMUM_INDEX_BYTES, cure);
  if (typeof map !== 'object' || map === null || Array.isArray(map)) {
    throw new ModelFileError(file, 'weight_map', 'is not an object of tensor names', cure);
  }
  return new Map(
    Object.entries(map).map(([name, shard]) => {
      if (typeof shard !== 'string' || path.basename(shard) !== shard || !shard.endsWith('.safetensors')) {
        const fault = `names ${JSON.stringify(shard)?.slice(0, 80)}, not a safetensors file of this folder`;
        throw new ModelFileError(file, `weight_map.${name}`, fault, cure);
      }
      return [name, shard];
    }),
  );
}

/** Opens the weights and checks names and shapes; nothing is loaded yet. @throws ModelFileError */
export async function openHuggingFaceFolder(folder: string): Promise<OpenedCheckpoint> {
  const { architecture, allowsBias } = await readHuggingFaceConfiguration(folder);
  const readers: SafetensorsReader[] = [];
  const close = async (): Promise<void> => {
    for (const reader of readers) await reader.close();
  };
  try {
    const tensors = new Map<string, SafetensorsReader>();
    for (const name of await weightFileNames(folder)) {
      if (name === INDEX_FILE) continue;
      const reader = await openSafetensors(path.join(folder, name));
      readers.push(reader);
      for (const tensor of reader.entries.keys()) {
        if (tensors.has(tensor)) throw new ModelFileError(reader.file, tensor, 'stands in two shards', cure);
        tensors.set(tensor, reader);
      }
    }
    await checkBias(tensors, allowsBias);
    return { source: sourceOf(architecture, tensors, path.join(folder, SINGLE_FILE)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

function sourceOf(
  config: Architecture,
  tensors: ReadonlyMap<string, SafetensorsReader>,
  checkpoint: string,
): WeightSource {
  const { vocabularySize, hiddenSize } = config;
  const matrix = (name: string, rows: number, columns: number): SourceMatrix =>
    openMatrix(tensors, name, rows, columns, checkpoint);
  // A tied checkpoint stores the shared matrix under either name, and some store both.
  const embeddingName = tensors.has('model.embed_tokens.weight')
    ? 'model.embed_tokens.weight'
    : 'lm_head.weight';
  if (!config.tiedEmbedding && !tensors.has('lm_head.weight')) {
    throw new ModelFileError(
      checkpoint,
      'lm_head.weight',
      'is missing though config.json says tie_word_embeddings false',
      'Set tie_word_embeddings to true if the model shares its embedding, else fetch all shards',
    );
  }
  if (!config.tiedEmbedding && embeddingName === 'lm_head.weight') {
    throw new ModelFileError(checkpoint, 'model.embed_tokens.weight', 'is missing', cure);
  }
  const shapes = layerShapes(config);
  return {
    architecture: config,
    embedding: matrix(embeddingName, vocabularySize, hiddenSize),
    layers: Array.from({ length: config.layers }, (_, layer) => {
      const entries = layerMatrixNames.flatMap((name) => {
        const shape = shapes[name];
        if (shape === undefined) return [];
        return [[name, matrix(`model.layers.${layer}.${layerTensorNames[name]}`, ...shape)]];
      });
      return Object.fromEntries(entries) as SourceLayer;
    }),
    norm: matrix('model.norm.weight', 1, hiddenSize),
    output: config.tiedEmbedding ? null : matrix('lm_head.weight', vocabularySize, hiddenSize),
  };
}

function openMatrix(
  tensors: ReadonlyMap<string, SafetensorsReader>,
  name: string,
  rows: number,
  columns: number,
  checkpoint: string,
): SourceMatrix {
  const reader = tensors.get(name);
  if (reader === undefined) throw new ModelFileError(checkpoint, name, 'is missing', cure);
  const { shape } = reader.entry(name);
  const expected = rows === 1 ? [columns] : [rows, columns];
  if (shape.join() !== expected.join()) {
    throw new ModelFileError(
      reader.file,
      name,
      `has shape [${shape.join(', ')}], config.json asks for [${expected.join(', ')}]`,
      'Put the config.json and the weights of the same model together',
    );
  }
  return {
    rows,
    columns,
    read: (first, count) => reader.readElements(name, first * columns, count * columns),
  };
}

/** A bias would be lost: it must be all zeros. */
async function checkBias(
  tensors: ReadonlyMap<string, SafetensorsReader>,
  allowsBias: boolean,
): Promise<void> {
  for (const [name, reader] of tensors) {
    if (!name.endsWith('.bias')) continue;
    const values = await reader.readElements(name);
    if (values.some((value) => value !== 0)) {
      throw new ModelFileError(
        reader.file,
        name,
        `is a bias that is not zero${allowsBias ? ', as attention_bias or mlp_bias of config.json announces' : ''}`,
        'The engine runs LLaMA without biases; use a checkpoint that has none',
      );
    }
  }
}
