/** Weights of a Hugging Face folder: one safetensors file or shards with their index, tensors as their family names them. */
import { type LayerMatrixName, layerMatrixNames, layerShapes, type Shape } from '../model/layer-matrices.ts';
import path from 'node:path';
import type { Architecture } from '../model/architecture.ts';
import { exists, readJsonFile } from '../../files/files.ts';
import { readHuggingFaceConfiguration } from './huggingface-config.ts';
import { ModelFileError } from '../../files/model-file-error.ts';
import { openSafetensors, type SafetensorsReader } from './safetensors-reader.ts';
import type { TensorNames } from './families/family.ts';
import { decoderPrefix, headName, layerPlace, type TensorPlace } from './families/tensor-names.ts';
import type { SourceLayer, SourceMatrix, WeightSource } from './weight-source.ts';

export const SINGLE_FILE = 'model.safetensors';
export const INDEX_FILE = 'model.safetensors.index.json';

const MAXIMUM_INDEX_BYTES = 64 * 1024 * 1024;
/** Elements that are compared at a time. */
const CHUNK_ELEMENTS = 1 << 20;

const cure = 'Fetch the checkpoint again, every file of it';

/** An opened checkpoint: its weights and the readers to close after use. */
export interface OpenedCheckpoint {
  readonly source: WeightSource;
  readonly close: () => Promise<void>;
}

/**
 * Names of the weight files of a folder: the one file where there is one, as transformers takes it whatever an index
 * says, else the index and its shards.
 *
 * @throws ModelFileError if there are no safetensors or the index names files outside the folder
 */
export async function weightFileNames(folder: string): Promise<string[]> {
  if (await exists(path.join(folder, SINGLE_FILE))) return [SINGLE_FILE];
  if (await exists(path.join(folder, INDEX_FILE))) {
    return [INDEX_FILE, ...new Set((await readIndex(folder)).values())];
  }
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

/** Every tensor of a checkpoint, by name. */
type Tensors = ReadonlyMap<string, SafetensorsReader>;

/** Opens the weights and checks names and shapes; nothing is loaded yet. @throws ModelFileError */
export async function openHuggingFaceFolder(folder: string): Promise<OpenedCheckpoint> {
  const { architecture, family } = await readHuggingFaceConfiguration(folder);
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
    const checkpoint = path.join(folder, SINGLE_FILE);
    return { source: await sourceOf(architecture, family.tensors ?? {}, tensors, checkpoint), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function sourceOf(
  config: Architecture,
  names: TensorNames,
  tensors: Tensors,
  checkpoint: string,
): Promise<WeightSource> {
  const prefix = decoderPrefix(tensors.keys());
  const read = new Set<string>();
  const matrix = (place: TensorPlace, rows: number, columns: number): SourceMatrix => {
    read.add(place.name);
    return openMatrix(tensors, place, rows, columns, checkpoint);
  };
  const whole = (name: string, rows: number, columns: number): SourceMatrix =>
    matrix({ name, firstRow: 0, rowsInAll: rows }, rows, columns);
  const norm = (place: TensorPlace, columns: number): SourceMatrix => {
    const weights = matrix(place, 1, columns);
    return names.normsFromOne === true ? plusOne(weights) : weights;
  };
  const ends = await vocabularyEnds(config, prefix, tensors, checkpoint, whole);
  const architecture = { ...config, tiedEmbedding: ends.output === null };
  const shapes = layerShapes(architecture);
  const layers = Array.from({ length: config.layers }, (_, layer) => {
    const open = (name: LayerMatrixName, [rows, columns]: Shape): SourceMatrix => {
      const place = layerPlace(name, shapes, names);
      const inLayer = { ...place, name: `${prefix}layers.${layer}.${place.name}` };
      return name.endsWith('Norm') ? norm(inLayer, columns) : matrix(inLayer, rows, columns);
    };
    const entries = layerMatrixNames.flatMap((name) => {
      const shape = shapes[name];
      return shape === undefined ? [] : [[name, open(name, shape)]];
    });
    return Object.fromEntries(entries) as SourceLayer;
  });
  const source = {
    architecture,
    layers,
    norm: norm({ name: `${prefix}norm.weight`, firstRow: 0, rowsInAll: 1 }, config.hiddenSize),
    ...ends,
  };
  await refuseLostBiases(tensors, prefix, read);
  return source;
}

/** Embedding and vocabulary projection. A tied checkpoint stores the shared matrix under either name, and some store both. */
async function vocabularyEnds(
  { vocabularySize, hiddenSize, tiedEmbedding }: Architecture,
  prefix: string,
  tensors: Tensors,
  checkpoint: string,
  open: (name: string, rows: number, columns: number) => SourceMatrix,
): Promise<Pick<WeightSource, 'embedding' | 'output'>> {
  const embeddingName = `${prefix}embed_tokens.weight`;
  const outputName = headName(tensors);
  if (!tiedEmbedding && outputName === undefined) {
    throw new ModelFileError(
      checkpoint,
      'lm_head.weight',
      'is missing though config.json says tie_word_embeddings false',
      'Set tie_word_embeddings to true if the model shares its embedding, else fetch all shards',
    );
  }
  if (outputName === undefined || (tiedEmbedding && !tensors.has(embeddingName))) {
    return { embedding: open(outputName ?? embeddingName, vocabularySize, hiddenSize), output: null };
  }
  const embedding = open(embeddingName, vocabularySize, hiddenSize);
  const output = open(outputName, vocabularySize, hiddenSize);
  // Like transformers: a head that differs is the model's own, whatever the flag says.
  const isShared = tiedEmbedding && (await holdTheSame(embedding, output));
  return { embedding, output: isShared ? null : output };
}

/** Whether two matrices of one shape hold the same numbers; reads up to the first difference. */
async function holdTheSame(one: SourceMatrix, other: SourceMatrix): Promise<boolean> {
  const step = Math.max(1, Math.floor(CHUNK_ELEMENTS / one.columns));
  for (let row = 0; row < one.rows; row += step) {
    const count = Math.min(step, one.rows - row);
    const [left, right] = [await one.read(row, count), await other.read(row, count)];
    if (left.some((value, index) => value !== right[index])) return false;
  }
  return true;
}

/** A norm that is stored as its difference from one. */
function plusOne(norm: SourceMatrix): SourceMatrix {
  return {
    ...norm,
    read: async (first, count) => (await norm.read(first, count)).map((weight) => 1 + weight),
  };
}

function openMatrix(
  tensors: Tensors,
  { name, firstRow, rowsInAll }: TensorPlace,
  rows: number,
  columns: number,
  checkpoint: string,
): SourceMatrix {
  const reader = tensors.get(name);
  if (reader === undefined) throw new ModelFileError(checkpoint, name, 'is missing', cure);
  const { shape } = reader.entry(name);
  const expected = rowsInAll === 1 ? [columns] : [rowsInAll, columns];
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
    read: (first, count, scratch) =>
      reader.readElements(name, (firstRow + first) * columns, count * columns, scratch),
  };
}

/** A bias that the family has no place for would be lost: it must be all zeros. */
async function refuseLostBiases(tensors: Tensors, prefix: string, read: ReadonlySet<string>): Promise<void> {
  for (const [name, reader] of tensors) {
    const isOurs = name.startsWith(prefix) || name.includes('lm_head');
    if (!name.endsWith('.bias') || !isOurs || read.has(name)) continue;
    const values = await reader.readElements(name);
    if (values.some((value) => value !== 0)) {
      throw new ModelFileError(
        reader.file,
        name,
        'is a bias that is not zero, where config.json announces none',
        'Put the config.json and the weights of the same model together',
      );
    }
  }
}
