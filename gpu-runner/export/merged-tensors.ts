/** The tensors of a base in a checkpoint's form, the adapter's change added, in fp32 and a few rows at a time. */
import type { Adapter, Projection } from '../llama/model/adapter.ts';
import { projectionShape } from '../llama/model/adapter.ts';
import type { Architecture } from '../llama/model/architecture.ts';
import { type FusedLayer, fusedLayers, fusedProjections } from '../llama/model/lora-layout.ts';
import type { LayerMatrixName } from '../llama/model/layer-matrices.ts';
import type { BaseFile } from '../llama/weights/base-file.ts';
import { turnBlocks } from '../llama/weights/turn-blocks.ts';
import { type RotaryOrder, rowInOtherOrder } from '../../shared/export/rotary-rows.ts';

/** Numbers of a tensor, some rows at a time. */
export interface Rows {
  /** [rows, columns] of a matrix, [length] of a vector. */
  readonly shape: readonly number[];
  /** Row-major numbers of some rows; a vector is one row. */
  readonly rows: (first: number, count: number) => Promise<Float32Array>;
}

/** What belongs to no layer. */
export type EndPart = 'embedding' | 'norm' | 'output';

/** A tensor and what it is, whatever a format calls it. */
export type MergedTensor = Rows &
  (
    | { readonly part: EndPart; readonly layer: null }
    | { readonly part: LayerMatrixName; readonly layer: number }
  );

/** Rows read at a time hold about so many numbers. */
const BLOCK = 1 << 20;

const ROWS_AT_ONCE = 64;

/** All numbers of a tensor, block by block. */
export async function* blocksOf({ shape, rows }: Rows): AsyncGenerator<Float32Array> {
  const [count, columns] = shape.length === 1 ? [1, shape[0] ?? 0] : [shape[0] ?? 0, shape[1] ?? 0];
  const step = Math.max(1, Math.floor(BLOCK / columns));
  for (let first = 0; first < count; first += step) yield await rows(first, Math.min(step, count - first));
}

/**
 * Every tensor of the base, in the order of a forward pass. One 8-bit matrix of the base is in memory at a time.
 *
 * @param adapter null for the base alone
 * @param order in which the rows of queries and keys are wanted
 */
export function mergedTensors(base: BaseFile, adapter: Adapter | null, order: RotaryOrder): MergedTensor[] {
  const { architecture } = base;
  const matrices = new MatrixReader(base);
  const tensors: MergedTensor[] = [{ part: 'embedding', layer: null, ...matrices.byRow('embedding') }];
  for (let layer = 0; layer < architecture.layers; layer++) {
    tensors.push(...layerTensors(matrices, adapter, order, layer));
  }
  tensors.push({ part: 'norm', layer: null, ...vector(base, 'norm.weight') });
  if (!architecture.tiedEmbedding) {
    tensors.push({ part: 'output', layer: null, ...matrices.transposed('output') });
  }
  return tensors;
}

function layerTensors(
  matrices: MatrixReader,
  adapter: Adapter | null,
  order: RotaryOrder,
  layer: number,
): MergedTensor[] {
  const { base } = matrices;
  const { architecture } = base;
  const turned = architecture.rope.layout === order ? null : order;
  const prefix = `layers.${layer}`;
  const projected = fusedLayers.flatMap((fused) => {
    let first = 0;
    return fusedProjections[fused].map((projection) => {
      const [rows] = projectionShape(architecture, projection);
      const part = { projection, layer, fused, first };
      first += rows;
      return projectionTensor(matrices, adapter, part, turned);
    });
  });
  const vectors = LAYER_VECTORS.filter(([, name]) => base.has(`${prefix}.${name}`)).map(
    ([part, name]): MergedTensor => {
      const { shape, rows } = vector(base, `${prefix}.${name}`);
      return { part, layer, shape, rows };
    },
  );
  return [...vectors, ...biases(base, layer, turned), ...projected];
}

/** Vectors of a layer that a base stores as they are. */
const LAYER_VECTORS = [
  ['attentionNorm', 'attention.norm.weight'],
  ['queryNorm', 'attention.queryNorm.weight'],
  ['keyNorm', 'attention.keyNorm.weight'],
  ['attentionAfterNorm', 'attention.afterNorm.weight'],
  ['feedForwardNorm', 'feedForward.norm.weight'],
  ['feedForwardAfterNorm', 'feedForward.afterNorm.weight'],
] as const;

const BIASES: Readonly<Record<FusedLayer, readonly LayerMatrixName[]>> = {
  'attention.qkv': ['queryBias', 'keyBias', 'valueBias'],
  'attention.output': ['attentionOutputBias'],
  'feedForward.gateUp': ['gateBias', 'upBias'],
  'feedForward.down': ['downBias'],
};

/** The biases of a layer, which a base stores joined like their matrices. */
function biases(base: BaseFile, layer: number, turned: RotaryOrder | null): MergedTensor[] {
  const { architecture } = base;
  return fusedLayers.flatMap((fused) => {
    const name = `layers.${layer}.${fused}.bias`;
    if (!base.has(name)) return [];
    let start = 0;
    return fusedProjections[fused].map((projection, index): MergedTensor => {
      const [length] = projectionShape(architecture, projection);
      const first = start;
      start += length;
      return {
        part: BIASES[fused][index] ?? 'queryBias',
        layer,
        shape: [length],
        rows: async () => {
          const values = (await base.readFloat32(name)).subarray(first, first + length);
          const source = rowSource(architecture, projection, turned);
          return Float32Array.from(values, (_, row) => values[source(row)] ?? 0);
        },
      };
    });
  });
}

interface ProjectionPart {
  readonly projection: Projection;
  readonly layer: number;
  readonly fused: FusedLayer;
  /** Its first output in the joined matrix. */
  readonly first: number;
}

function projectionTensor(
  matrices: MatrixReader,
  adapter: Adapter | null,
  { projection, layer, fused, first }: ProjectionPart,
  turned: RotaryOrder | null,
): MergedTensor {
  const shape = projectionShape(matrices.base.architecture, projection);
  const source = rowSource(matrices.base.architecture, projection, turned);
  const change = adapter?.layers[layer]?.[projection];
  return {
    part: projection,
    layer,
    shape,
    rows: async (from, count) => {
      const [, columns] = shape;
      const wanted = Int32Array.from({ length: count }, (_, row) => source(from + row));
      const outputs = wanted.map((row) => first + row);
      const values = await matrices.readOutputs(`layers.${layer}.${fused}`, outputs, columns);
      if (adapter !== null && change !== undefined) addChange(values, columns, wanted, adapter, change);
      return values;
    },
  };
}

/** Where the row wanted at a place stands in the base. */
function rowSource(
  { headSize }: Architecture,
  projection: Projection,
  turned: RotaryOrder | null,
): (row: number) => number {
  if (turned === null || (projection !== 'query' && projection !== 'key')) return (row) => row;
  return (row) => rowInOtherOrder(row, headSize, turned);
}

/** values += (alpha / rank) B A, for the rows `outputs` of B. */
function addChange(
  values: Float32Array,
  columns: number,
  outputs: Int32Array,
  { rank, alpha }: Adapter,
  { a, b }: { readonly a: Float32Array; readonly b: Float32Array },
): void {
  const scale = alpha / rank;
  for (const [row, output] of outputs.entries()) {
    for (let r = 0; r < rank; r++) {
      const factor = scale * (b[output * rank + r] ?? 0);
      if (factor === 0) continue;
      for (let column = 0, place = row * columns; column < columns; column++, place++) {
        values[place] = (values[place] ?? 0) + factor * (a[r * columns + column] ?? 0);
      }
    }
  }
}

function vector(base: BaseFile, name: string): Rows {
  return { shape: base.region(name).shape, rows: async () => await base.readFloat32(name) };
}

/** Reads rows of the base's matrices, whichever way they lie and however precise they are. */
class MatrixReader {
  readonly base: BaseFile;
  #name = '';
  #values: Int8Array | Float32Array = new Float32Array();
  #scales: Float32Array | null = null;

  constructor(base: BaseFile) {
    this.base = base;
  }

  /** The embedding, whose rows lie one after the other. */
  byRow(part: 'embedding'): Rows {
    const { shape, hadamard } = this.base.region(`${part}.weight`);
    const [, columns = 0] = shape;
    return {
      shape,
      rows: async (first, count) => {
        await this.#load(part);
        const values = Float32Array.from(this.#values.subarray(first * columns, (first + count) * columns));
        if (this.#scales === null) return values;
        for (let row = 0, place = 0; row < count; row++) {
          const scale = this.#scales[first + row] ?? 0;
          for (let column = 0; column < columns; column++, place++) {
            values[place] = (values[place] ?? 0) * scale;
          }
        }
        if (hadamard !== undefined) turnBlocks(values, 1, hadamard);
        return values;
      },
    };
  }

  /** A matrix whose outputs lie as columns. */
  transposed(part: 'output'): Rows {
    const [columns = 0, outputs = 0] = this.base.region(`${part}.weight`).shape;
    return {
      shape: [outputs, columns],
      rows: async (first, count) =>
        await this.readOutputs(
          part,
          Int32Array.from({ length: count }, (_, row) => first + row),
          columns,
        ),
    };
  }

  /** Rows [outputs, inputs] of a matrix that is stored as [inputs, all outputs]. */
  async readOutputs(name: string, outputs: Int32Array, inputs: number): Promise<Float32Array> {
    await this.#load(name);
    const values = this.#values;
    const scales = this.#scales;
    const width = values.length / inputs;
    const rows = new Float32Array(outputs.length * inputs);
    // A few rows at a time, so that both matrices stay in the cache.
    for (let from = 0; from < outputs.length; from += ROWS_AT_ONCE) {
      const to = Math.min(outputs.length, from + ROWS_AT_ONCE);
      for (let input = 0; input < inputs; input++) {
        for (let row = from; row < to; row++) {
          const output = outputs[row] ?? 0;
          const value = values[input * width + output] ?? 0;
          rows[row * inputs + input] = scales === null ? value : value * (scales[output] ?? 0);
        }
      }
    }
    const { hadamard } = this.base.region(`${name}.weight`);
    if (hadamard !== undefined) turnBlocks(rows, 1, hadamard);
    return rows;
  }

  async #load(name: string): Promise<void> {
    if (this.#name === name) return;
    const weight = `${name}.weight`;
    this.#name = '';
    if (this.base.region(weight).dtype === 'int8') {
      this.#values = await this.base.readInt8(weight);
      this.#scales = await this.base.readFloat32(`${name}.scale`);
    } else {
      this.#values = await this.base.readFloat32(weight);
      this.#scales = null;
    }
    this.#name = name;
  }
}
