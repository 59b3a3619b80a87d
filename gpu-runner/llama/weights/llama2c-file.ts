/** Weights of a llama2.c file: the legacy fp32 export (version 0) and the 8-bit export (version 2, Q8_0). */
import { type LayerMatrixName, layerShapes } from '../model/layer-matrices.ts';
import { type FileHandle } from 'node:fs/promises';
import { type Architecture, validateArchitecture, LLAMA } from '../model/architecture.ts';
import { decodeElements, firstNotFinite } from './element-types.ts';
import { readExactly } from '../../files/files.ts';
import type { OpenedCheckpoint } from './huggingface-folder.ts';
import { ModelFileError } from '../../files/model-file-error.ts';
import { openRegularFile } from '../../files/regular-file.ts';
import { type SourceLayer, type SourceMatrix } from './weight-source.ts';

const MAGIC = 0x616b3432;
const LEGACY_HEADER_BYTES = 28;
const QUANTISED_HEADER_BYTES = 256;
const cure = 'Export the model again with llama2.c (version 0 or 2) or fetch the file again';

interface Header {
  readonly architecture: Architecture;
  /** Elements that share a scale; null in an fp32 file. */
  readonly groupSize: number | null;
  readonly bytes: number;
}

/** Order in which the file holds the matrices of all layers; the norms of a quantised file come first. */
const legacyOrder: readonly LayerMatrixName[] = [
  'attentionNorm',
  'query',
  'key',
  'value',
  'attentionOutput',
  'feedForwardNorm',
  'gate',
  'down',
  'up',
];
const quantisedOrder: readonly LayerMatrixName[] = [
  'query',
  'key',
  'value',
  'attentionOutput',
  'gate',
  'down',
  'up',
];

/** Opens a llama2.c file and checks that its size is the one its header asks for. @throws ModelFileError */
export async function openLlama2cFile(file: string): Promise<OpenedCheckpoint> {
  const { handle, bytes: size } = await openRegularFile(file, 'Check the path of the model');
  try {
    const start = new Uint8Array(Math.min(size, QUANTISED_HEADER_BYTES));
    await readExactly(handle, file, 0, start, 'header');
    const header = parseHeader(start, file);
    const source = { architecture: header.architecture, ...layOut(header, handle, file, size) };
    return { source, close: () => handle.close() };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

function parseHeader(start: Uint8Array, file: string): Header {
  if (start.length < LEGACY_HEADER_BYTES) throw new ModelFileError(file, 'header', 'is cut short', cure);
  const view = new DataView(start.buffer);
  const integers = (first: number): number[] =>
    Array.from({ length: 7 }, (_, index) => view.getInt32(first + 4 * index, true));
  if (view.getUint32(0, true) !== MAGIC) {
    const [vocabulary = 0] = integers(0).slice(5);
    return {
      architecture: architectureOf(integers(0), vocabulary > 0, file),
      groupSize: null,
      bytes: LEGACY_HEADER_BYTES,
    };
  }
  const version = view.getInt32(4, true);
  if (version !== 2) {
    throw new ModelFileError(
      file,
      'version',
      `is ${version}; versions 0 (legacy) and 2 (Q8_0) are read`,
      cure,
    );
  }
  if (start.length < QUANTISED_HEADER_BYTES) throw new ModelFileError(file, 'header', 'is cut short', cure);
  const shared = view.getUint8(36);
  if (shared > 1) throw new ModelFileError(file, 'shared_classifier', `is ${shared}, not 0 or 1`, cure);
  const groupSize = view.getInt32(37, true);
  if (groupSize < 1) throw new ModelFileError(file, 'group_size', `is ${groupSize}`, cure);
  return {
    architecture: architectureOf(integers(8), shared === 1, file),
    groupSize,
    bytes: QUANTISED_HEADER_BYTES,
  };
}

function architectureOf(integers: readonly number[], tiedEmbedding: boolean, file: string): Architecture {
  const [
    hiddenSize = 0,
    intermediateSize = 0,
    layers = 0,
    heads = 0,
    keyValueHeads = 0,
    vocabulary = 0,
    positions = 0,
  ] = integers;
  if (hiddenSize < 1 || heads < 1 || hiddenSize % heads !== 0) {
    throw new ModelFileError(file, 'header', `${heads} heads do not divide a width of ${hiddenSize}`, cure);
  }
  return validateArchitecture(
    {
      vocabularySize: Math.abs(vocabulary),
      hiddenSize,
      intermediateSize,
      layers,
      heads,
      keyValueHeads,
      headSize: hiddenSize / heads,
      maximumPositions: positions,
      ...LLAMA,
      rope: { ...LLAMA.rope, layout: 'interleaved', rotarySize: hiddenSize / heads },
      tiedEmbedding,
      bosToken: 1,
      eosTokens: [2],
      padToken: 0,
    },
    file,
  );
}

type Parts = Omit<OpenedCheckpoint['source'], 'architecture'>;

/** Walks the file and notes where each matrix lies. */
function layOut(header: Header, handle: FileHandle, file: string, size: number): Parts {
  const { architecture, groupSize } = header;
  const { vocabularySize, hiddenSize, headSize, maximumPositions, tiedEmbedding } = architecture;
  const shapes = layerShapes(architecture);
  const layers: Partial<Record<LayerMatrixName, SourceMatrix>>[] = Array.from(
    { length: architecture.layers },
    () => ({}),
  );
  let offset = header.bytes;

  const floats = (name: string, rows: number, columns: number): SourceMatrix => {
    const begin = offset;
    offset += rows * columns * 4;
    const read = async (first: number, count: number): Promise<Float32Array> =>
      await readFloats(handle, file, name, begin + first * columns * 4, count * columns);
    return { rows, columns, read };
  };
  const quantised = (name: string, rows: number, columns: number, group: number): SourceMatrix => {
    const elements = rows * columns;
    if (elements % group !== 0) {
      throw new ModelFileError(
        file,
        'group_size',
        `${group} does not divide the ${elements} weights of ${name}`,
        cure,
      );
    }
    const begin = offset;
    offset += elements + (elements / group) * 4;
    const read = async (firstRow: number, count: number): Promise<Float32Array> =>
      await readQuantised(
        handle,
        file,
        name,
        { begin, elements, group },
        firstRow * columns,
        count * columns,
      );
    return { rows, columns, read };
  };
  const weights = (name: string, rows: number, columns: number): SourceMatrix =>
    groupSize === null ? floats(name, rows, columns) : quantised(name, rows, columns, groupSize);
  const perLayer = (name: LayerMatrixName, place: typeof weights): void => {
    const shape = shapes[name];
    if (shape === undefined) return;
    for (const [layer, matrices] of layers.entries())
      matrices[name] = place(`layer ${layer} ${name}`, ...shape);
  };

  let embedding: SourceMatrix;
  let norm: SourceMatrix;
  if (groupSize === null) {
    embedding = floats('embedding', vocabularySize, hiddenSize);
    for (const name of legacyOrder) perLayer(name, floats);
    norm = floats('final norm', 1, hiddenSize);
    offset += maximumPositions * headSize * 4; // tables of cosines and sines, which the graph computes itself
  } else {
    perLayer('attentionNorm', floats);
    perLayer('feedForwardNorm', floats);
    norm = floats('final norm', 1, hiddenSize);
    embedding = weights('embedding', vocabularySize, hiddenSize);
    for (const name of quantisedOrder) perLayer(name, weights);
  }
  const output = tiedEmbedding ? null : weights('output', vocabularySize, hiddenSize);
  if (offset !== size) {
    throw new ModelFileError(file, null, `has ${size} bytes, its header asks for ${offset}`, cure);
  }
  return { embedding, layers: layers as SourceLayer[], norm, output };
}

async function readFloats(
  handle: FileHandle,
  file: string,
  name: string,
  offset: number,
  count: number,
): Promise<Float32Array> {
  const bytes = new Uint8Array(count * 4);
  await readExactly(handle, file, offset, bytes, name);
  const values = decodeElements('F32', bytes);
  const bad = firstNotFinite(values);
  if (bad !== -1) throw new ModelFileError(file, name, `holds ${values[bad]}`, cure);
  return values;
}

/** Elements `first .. first + count - 1` of a quantised tensor: value = q * scale of its group. */
async function readQuantised(
  handle: FileHandle,
  file: string,
  name: string,
  tensor: { readonly begin: number; readonly elements: number; readonly group: number },
  first: number,
  count: number,
): Promise<Float32Array> {
  const { begin, elements, group } = tensor;
  const bytes = new Uint8Array(count);
  await readExactly(handle, file, begin + first, bytes, name);
  const quantised = new Int8Array(bytes.buffer);
  const firstGroup = Math.floor(first / group);
  const groups = Math.ceil((first + count) / group) - firstGroup;
  const scales = await readFloats(
    handle,
    file,
    `scales of ${name}`,
    begin + elements + firstGroup * 4,
    groups,
  );
  const values = new Float32Array(count);
  for (let index = 0; index < count; index++) {
    values[index] = (quantised[index] ?? 0) * (scales[Math.floor((first + index) / group) - firstGroup] ?? 0);
  }
  return values;
}
