/** Bytes of a model's parts on each kind of device, as formulas of its shape. Edge and runner both use them. */

/** What memory depends on of a LLaMA. */
export interface ModelShape {
  readonly vocabularySize: number;
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headSize: number;
  readonly tiedEmbedding: boolean;
  /** What a training step keeps more of where a family has them; left out, it has none. */
  readonly queryKeyNorm?: 'none' | 'head' | 'width';
  readonly norm?: { readonly placement: 'input' | 'output' | 'both' };
  readonly softCaps?: { readonly attention: number | null };
}

export type PlannedDevice = 'cpu' | 'cuda';

/** [outputs, inputs] of the matrices of one layer. */
function layerMatrices({
  hiddenSize,
  intermediateSize,
  heads,
  keyValueHeads,
  headSize,
}: ModelShape): readonly (readonly [outputs: number, inputs: number])[] {
  return [
    [(heads + 2 * keyValueHeads) * headSize, hiddenSize],
    [hiddenSize, heads * headSize],
    [2 * intermediateSize, hiddenSize],
    [hiddenSize, intermediateSize],
  ];
}

/** Weights of the largest matrix that is unfolded at a time, the vocabulary's apart. */
export function largestMatrix(model: ModelShape): number {
  return Math.max(...layerMatrices(model).map(([outputs, inputs]) => outputs * inputs));
}

/** Weights of the matrices of one layer. */
export function layerWeights(model: ModelShape): number {
  return layerMatrices(model).reduce((sum, [outputs, inputs]) => sum + outputs * inputs, 0);
}

/** Number of weights (a tied embedding counts once). */
export function parameterCount(model: ModelShape): number {
  const { vocabularySize, hiddenSize, layers, tiedEmbedding } = model;
  const embedding = vocabularySize * hiddenSize * (tiedEmbedding ? 1 : 2);
  return embedding + layers * (layerWeights(model) + 2 * hiddenSize) + hiddenSize;
}

/**
 * The frozen 8-bit base.
 *
 * CPU: one byte a weight and an fp32 scale an output, norms in fp32, the embedding by rows and the output by columns even
 * where they are tied. CUDA: one byte a weight, an fp16 scale for each block of the largest power of two up to 128 that
 * divides the inputs, and one an output; norms in fp16; a tied embedding once. Biases and the norms that only some families
 * have, a thousandth of the weights, are not counted.
 */
export function baseBytes(device: PlannedDevice, model: ModelShape): number {
  const { vocabularySize, hiddenSize, layers, tiedEmbedding } = model;
  const matrices = layerMatrices(model);
  if (device === 'cpu') {
    const matrix = (outputs: number, inputs: number): number => outputs * inputs + 4 * outputs;
    const layer = matrices.reduce((sum, [outputs, inputs]) => sum + matrix(outputs, inputs), 8 * hiddenSize);
    return 2 * matrix(vocabularySize, hiddenSize) + layers * layer + 4 * hiddenSize;
  }
  const matrix = (outputs: number, inputs: number): number => {
    let block = 128;
    while (block > 1 && inputs % block !== 0) block /= 2;
    return outputs * inputs + 2 * outputs * (inputs / block) + 2 * outputs;
  };
  const layer = matrices.reduce((sum, [outputs, inputs]) => sum + matrix(outputs, inputs), 4 * hiddenSize);
  return (tiedEmbedding ? 1 : 2) * matrix(vocabularySize, hiddenSize) + layers * layer + 2 * hiddenSize;
}

/**
 * Numbers of one adapter on every linear layer: rank (inputs + outputs) a projection (query, key, value, output, gate, up,
 * down), and the scalar head.
 */
export function adapterNumbers(model: ModelShape, rank: number): number {
  const { hiddenSize, intermediateSize, layers, heads, keyValueHeads, headSize } = model;
  const [queries, keys] = [heads * headSize, keyValueHeads * headSize];
  const attention = 2 * (hiddenSize + queries) + 2 * (hiddenSize + keys);
  return layers * rank * (attention + 3 * (hiddenSize + intermediateSize)) + hiddenSize + 1;
}

/**
 * A layer's results that the backward pass reads, numbers a token: two streams and two norms (4 H); queries, keys, values and
 * the attention's result in two layouts (3 A D + 2 G D); gate, up, their activation and product (4 F); probabilities
 * (A time); the low-rank middles of the 7 projections. Where a family has them: queries and keys before their norm beside
 * queries, keys and values after it (2 A D + 3 G D), the outputs of both blocks before their norm (2 H), capped scores (A time).
 */
export function keptPerToken(model: ModelShape, time: number, rank: number): number {
  const { hiddenSize, intermediateSize, heads, keyValueHeads, headSize } = model;
  const { queryKeyNorm = 'none', norm, softCaps } = model;
  const attention = (3 * heads + 2 * keyValueHeads) * headSize + heads * time;
  const normedHeads = queryKeyNorm === 'none' ? 0 : (2 * heads + 3 * keyValueHeads) * headSize;
  const normedOutputs = (norm?.placement ?? 'input') === 'input' ? 0 : 2 * hiddenSize;
  const capped = (softCaps?.attention ?? null) === null ? 0 : heads * time;
  const more = normedHeads + normedOutputs + capped;
  return 4 * hiddenSize + attention + 4 * intermediateSize + 7 * rank + more;
}

/** What a CPU's training step holds for its backward pass, in bytes. */
export interface StepBytes {
  /** results of every layer; the gated activation is computed again, so that 3 F of 4 F are kept */
  readonly activations: number;
  /** one block of logits, their scaled form and the probabilities, and the vocabulary's rows in fp32 */
  readonly vocabulary: number;
}

/** @param tokens of all groups together, rows * time @param time tokens of the longest sequence */
export function cpuStepBytes(
  model: ModelShape,
  { tokens, time, rank }: { readonly tokens: number; readonly time: number; readonly rank: number },
): StepBytes {
  const { layers, hiddenSize, intermediateSize, vocabularySize } = model;
  return {
    activations: 4 * tokens * layers * (keptPerToken(model, time, rank) - intermediateSize),
    vocabulary: 4 * (3 * vocabularyBlock(model) * vocabularySize + vocabularySize * hiddenSize),
  };
}

/** Of what lives at a time in a pass on a CPU, what the engine's arena does not take again (fitted to measured peaks). */
const PASSING_SHARE = 0.9;

/**
 * What the layers of a CPU's pass without a gradient hold at a time, in bytes: stream, norm, projections, gate and up with
 * their product, scores and weights of attention. m135 at 32 rows of 256 tokens: 491 MB by it, 439 measured.
 */
export function passingBytes(model: ModelShape, rows: number, time: number): number {
  const { hiddenSize, intermediateSize, heads, keyValueHeads, headSize } = model;
  const passing =
    3 * hiddenSize + (3 * heads + 4 * keyValueHeads) * headSize + 4 * intermediateSize + 2 * heads * time;
  return PASSING_SHARE * 4 * rows * time * passing;
}

/** Bytes of keys and values of one row at one place: fp32 on a CPU, fp16 on a GPU. */
export function cacheBytesPerPlace(device: PlannedDevice, model: ModelShape): number {
  const { layers, keyValueHeads, headSize } = model;
  return 2 * (device === 'cpu' ? 4 : 2) * layers * keyValueHeads * headSize;
}

/** Rows of the vocabulary's product that are at hand at a time. */
export function vocabularyBlock({ vocabularySize }: ModelShape): number {
  const rows = 2 ** Math.floor(Math.log2((4 << 20) / vocabularySize));
  return Math.min(128, Math.max(16, rows));
}
