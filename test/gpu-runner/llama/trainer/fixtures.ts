/** What the training tests share: small random shapes, bases in a temporary folder, the oracle's view of them. */
import type { FlatTensor } from '../../../../gpu-runner/llama/model/flat-layout.ts';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Architecture, LLAMA } from '../../../../gpu-runner/llama/model/architecture.ts';
import { namedShapes } from '../../../../gpu-runner/llama/model/named-shapes.ts';
import { writeTrainedBase } from '../../../../gpu-runner/llama/trainer/trained-base.ts';
import type { BaseFile } from '../../../../gpu-runner/llama/weights/base-file.ts';
import type { BasePrecision } from '../../../../gpu-runner/llama/weights/base-layout.ts';
import { type AdapterLayout, adapterFromVector } from '../../../../gpu-runner/llama/model/lora-layout.ts';
import { fullLayout } from '../../../../gpu-runner/llama/trainer/full-weights.ts';
import type { OptimiserOptions } from '../../../../gpu-runner/llama/trainer/optimiser.ts';
import { normal } from '../../../../shared/random.ts';
import type { OracleLinear, OracleWeights } from '../../../oracle/llama.ts';
import { Matrix } from '../../../oracle/tape.ts';

export const adam: OptimiserOptions = {
  beta1: 0.9,
  beta2: 0.95,
  epsilon: 1e-8,
  weightDecay: 0,
  epsilonForm: 'corrected',
  clipNorm: 1,
};

/** A small LLaMA; `changes` make it grouped-query, tied, scaled and so on. */
export function smallShape(changes: Partial<Architecture> = {}): Architecture {
  const shape = {
    ...namedShapes.m3,
    vocabularySize: 48,
    hiddenSize: 32,
    intermediateSize: 40,
    layers: 2,
    heads: 4,
    keyValueHeads: 2,
    headSize: 8,
    rope: { ...namedShapes.m3.rope, rotarySize: 8 },
    ...changes,
  };
  return shape;
}

const halves = { ...LLAMA.rope, rotarySize: 8 };
const yarn = {
  kind: 'yarn',
  factor: 4,
  originalMaximumPositions: 16,
  betaFast: 2,
  betaSlow: 0.5,
  attentionFactor: null,
  truncate: true,
} as const;

/** Shapes that differ in everything the forward distinguishes. */
export const shapeVariants: readonly (readonly [string, Architecture])[] = [
  ['grouped queries, interleaved, tied', smallShape()],
  [
    'one key-value head, halves, separate output',
    smallShape({ keyValueHeads: 1, rope: { ...LLAMA.rope, rotarySize: 8 }, tiedEmbedding: false }),
  ],
  [
    'no sharing, llama3 scaling',
    smallShape({
      keyValueHeads: 4,
      rope: {
        ...LLAMA.rope,
        rotarySize: 8,
        theta: 50,
        scaling: {
          kind: 'llama3',
          factor: 4,
          lowFrequencyFactor: 1,
          highFrequencyFactor: 4,
          originalMaximumPositions: 32,
        },
      },
    }),
  ],
  [
    'linear scaling',
    smallShape({
      rope: { ...smallShape().rope, scaling: { kind: 'linear', factor: 3 } },
      tiedEmbedding: false,
    }),
  ],
];

/** One shape for each axis in which a family leaves LLaMA-2, and the families that mix several. */
export const familyVariants: readonly (readonly [string, Architecture])[] = [
  ['biases', smallShape({ biases: { queryKeyValue: true, attentionOutput: true, feedForward: true } })],
  ['query and key norm by head', smallShape({ queryKeyNorm: 'head' })],
  ['query and key norm over the width', smallShape({ queryKeyNorm: 'width' })],
  ['norms of outputs', smallShape({ norm: { epsilon: 1e-5, placement: 'output' } })],
  ['norms of inputs and outputs', smallShape({ norm: { epsilon: 1e-5, placement: 'both' } })],
  ['half of a head turns', smallShape({ rope: { ...LLAMA.rope, rotarySize: 4 } })],
  ['a layer that does not turn', smallShape({ rope: { ...halves, layersWithout: [1] } })],
  ['a window', smallShape({ windows: [5, 5] })],
  [
    'a local theta',
    smallShape({
      windows: [4, null],
      rope: { ...halves, scaling: { kind: 'linear', factor: 8 }, local: { theta: 20 } },
    }),
  ],
  ['yarn', smallShape({ rope: { ...halves, theta: 50, scaling: yarn } })],
  [
    'yarn, not truncated',
    smallShape({ rope: { ...halves, theta: 50, scaling: { ...yarn, truncate: false } } }),
  ],
  [
    'longrope',
    smallShape({
      rope: { ...halves, scaling: { kind: 'longrope', factors: [1, 1.5, 3, 8], attentionFactor: 1.2 } },
    }),
  ],
  ['an attention scale', smallShape({ attentionScale: 0.2 })],
  ['soft caps', smallShape({ softCaps: { attention: 2, logits: 3 } })],
  ['an embedding scale', smallShape({ embeddingScale: Math.sqrt(32) })],
  ['gelu by tanh', smallShape({ activation: 'gelu-tanh' })],
  ['gelu', smallShape({ activation: 'gelu' })],
  [
    'all of Gemma 2',
    smallShape({
      norm: { epsilon: 1e-6, placement: 'both' },
      rope: halves,
      attentionScale: 0.25,
      windows: [6, null],
      softCaps: { attention: 5, logits: 4 },
      embeddingScale: Math.sqrt(32),
      activation: 'gelu-tanh',
    }),
  ],
  [
    'all of OLMo 2',
    smallShape({
      queryKeyNorm: 'width',
      norm: { epsilon: 1e-6, placement: 'output' },
      rope: halves,
      tiedEmbedding: false,
    }),
  ],
];

/** Random bases that last as long as `use`. */
export async function withBase<Result>(
  architecture: Architecture,
  precision: BasePrecision,
  seed: number,
  use: (base: BaseFile) => Promise<Result>,
): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'rlcd-training-'));
  try {
    return await use(
      await writeTrainedBase(
        join(folder, 'base'),
        architecture,
        precision,
        randomModel(architecture, seed),
        'a test',
      ),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A trainable vector of a whole model: matrices with variance 1 / inputs, norms around 1. */
export function randomModel(architecture: Architecture, seed: number): Float32Array {
  const tensors = fullLayout(architecture);
  const vector = new Float32Array(tensors.reduce((sum, { length }) => sum + length, 0));
  for (const { name, shape, offset, length } of tensors) {
    const isNorm = shape.length === 1 && !name.endsWith('.bias');
    const deviation =
      shape.length === 1 ? 0.2 : name === 'embedding.weight' ? 0.5 : 1 / Math.sqrt(shape[0] ?? 1);
    for (let index = offset; index < offset + length; index++) {
      vector[index] = (isNorm ? 1 : 0) + deviation * normal(seed, 1, index);
    }
  }
  return vector;
}

/** A vector of adapters in which B and the head are not zero either. */
export function randomAdapter(layout: AdapterLayout, seed: number): Float32Array {
  return Float32Array.from({ length: layout.length }, (_, index) => 0.15 * normal(seed, 2, index));
}

/** Random sequences of different lengths. */
export function randomSequences(
  count: number,
  vocabulary: number,
  lengths: readonly [number, number],
  seed: number,
): number[][] {
  const draw = (stream: number, counter: number, below: number): number =>
    Math.floor(Math.abs(normal(seed, stream, counter)) * 1009) % below;
  return Array.from({ length: count }, (_, row) =>
    Array.from({ length: lengths[0] + draw(3, row, lengths[1] - lengths[0] + 1) }, (_unused, position) =>
      draw(4 + row, position, vocabulary),
    ),
  );
}

/** The columns [start, end) of a row-major matrix. */
function columns(data: Float32Array, width: number, start: number, end: number): Matrix {
  const rows = data.length / width;
  return new Matrix(
    rows,
    end - start,
    Array.from({ length: rows * (end - start) }, (_, index) => {
      const [row, column] = [Math.floor(index / (end - start)), index % (end - start)];
      return data[row * width + start + column] ?? Number.NaN;
    }),
  );
}

/** [rows, columns] turned over. */
function turned(data: Float32Array, rows: number): Matrix {
  const width = data.length / rows;
  return new Matrix(
    width,
    rows,
    Array.from(
      { length: data.length },
      (_, index) => data[(index % rows) * width + Math.floor(index / rows)] ?? 0,
    ),
  );
}

/** Where one oracle matrix came from in a flat vector: row-major, with this stride and first column. */
export interface MatrixSource {
  readonly matrix: Matrix;
  readonly tensor: FlatTensor;
  readonly firstColumn: number;
  readonly transposed: boolean;
}

/** The oracle's weights of an fp32 model, read tensor by tensor, and where each matrix came from. */
export function oracleWeights(
  architecture: Architecture,
  read: (name: string) => Float32Array,
  adapter?: { readonly layout: AdapterLayout; readonly vector: Float32Array },
): { weights: OracleWeights; sources: MatrixSource[]; pairs: Map<string, { a: Matrix; b: Matrix }> } {
  const { heads, keyValueHeads, headSize, intermediateSize, hiddenSize, vocabularySize } = architecture;
  const tensors = new Map(fullLayout(architecture).map((tensor) => [tensor.name, tensor]));
  const sources: MatrixSource[] = [];
  const pairs = new Map<string, { a: Matrix; b: Matrix }>();
  const peft = adapter === undefined ? undefined : adapterFromVector(adapter.layout, adapter.vector, true);
  const keep = (name: string, matrix: Matrix, firstColumn = 0, transposed = false): Matrix => {
    const tensor = tensors.get(name);
    if (tensor !== undefined) sources.push({ matrix, tensor, firstColumn, transposed });
    return matrix;
  };
  const whole = (name: string, rows: number): Matrix => {
    const data = read(name);
    return keep(name, new Matrix(rows, data.length / rows, data));
  };
  const layers = Array.from({ length: architecture.layers }, (_, layer) => {
    const prefix = `layers.${layer}`;
    const linear = (
      fused: string,
      projection: 'query' | 'key' | 'value' | 'attentionOutput' | 'gate' | 'up' | 'down',
      width: number,
      start: number,
      end: number,
    ): OracleLinear => {
      const name = `${prefix}.${fused}.weight`;
      const weight = keep(name, columns(read(name), width, start, end), start);
      const biasName = `${prefix}.${fused}.bias`;
      const bias = tensors.has(biasName)
        ? { bias: keep(biasName, columns(read(biasName), width, start, end), start) }
        : {};
      const pair = peft?.layers[layer]?.[projection];
      if (peft === undefined || pair === undefined) return { weight, ...bias };
      const [a, b] = [turned(pair.a, peft.rank), turned(pair.b, end - start)];
      pairs.set(`${layer}.${projection}`, { a, b });
      return { weight, ...bias, adapter: { a, b, scale: peft.alpha / peft.rank } };
    };
    const norm = (key: string, name: string): Record<string, Matrix> =>
      tensors.has(`${prefix}.${name}.weight`) ? { [key]: whole(`${prefix}.${name}.weight`, 1) } : {};
    const [q, kv] = [heads * headSize, keyValueHeads * headSize];
    return {
      ...norm('attentionNorm', 'attention.norm'),
      ...norm('queryNorm', 'attention.queryNorm'),
      ...norm('keyNorm', 'attention.keyNorm'),
      ...norm('attentionAfterNorm', 'attention.afterNorm'),
      ...norm('feedForwardNorm', 'feedForward.norm'),
      ...norm('feedForwardAfterNorm', 'feedForward.afterNorm'),
      query: linear('attention.qkv', 'query', q + 2 * kv, 0, q),
      key: linear('attention.qkv', 'key', q + 2 * kv, q, q + kv),
      value: linear('attention.qkv', 'value', q + 2 * kv, q + kv, q + 2 * kv),
      output: linear('attention.output', 'attentionOutput', hiddenSize, 0, hiddenSize),
      gate: linear('feedForward.gateUp', 'gate', 2 * intermediateSize, 0, intermediateSize),
      up: linear('feedForward.gateUp', 'up', 2 * intermediateSize, intermediateSize, 2 * intermediateSize),
      down: linear('feedForward.down', 'down', hiddenSize, 0, hiddenSize),
    };
  });
  const embedding = whole('embedding.weight', vocabularySize);
  const norm = whole('norm.weight', 1);
  let output = embedding;
  if (!architecture.tiedEmbedding) {
    output = keep('output.weight', turned(read('output.weight'), hiddenSize), 0, true);
  }
  return { weights: { embedding, layers, norm, output }, sources, pairs };
}

/** A gradient of a flat vector from the oracle's matrices. */
export function flatGradient(sources: readonly MatrixSource[], length: number): Float64Array {
  const flat = new Float64Array(length);
  for (const { matrix, tensor, firstColumn, transposed } of sources) {
    const width = tensor.shape.length === 1 ? (tensor.shape[0] ?? 0) : (tensor.shape[1] ?? 0);
    matrix.gradient.forEach((value, index) => {
      const [row, column] = [Math.floor(index / matrix.columns), index % matrix.columns];
      const place = transposed ? column * width + row : row * width + firstColumn + column;
      flat[tensor.offset + place] = (flat[tensor.offset + place] ?? 0) + value;
    });
  }
  return flat;
}

/** max |a - b| relative to the largest |b|. */
export function worstDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new Error(`${a.length} numbers against ${b.length}`);
  let [worst, largest] = [0, 0];
  for (let index = 0; index < b.length; index++) {
    worst = Math.max(worst, Math.abs((a[index] ?? Number.NaN) - (b[index] ?? Number.NaN)));
    largest = Math.max(largest, Math.abs(b[index] ?? Number.NaN));
  }
  return Number.isNaN(worst) ? Infinity : worst / Math.max(largest, 1e-12);
}
