/** Where the numbers of an adapter stand in one flat vector, its first values, and the way to and from PEFT's pairs. */
import { normal } from '../../../shared/random.ts';
import { type Adapter, type LowRankPair, type Projection, projectionShape } from './adapter.ts';
import type { Architecture } from './architecture.ts';
import { flatLength, type FlatTensor, layFlat } from './flat-layout.ts';

/** A linear layer of the base as the engine runs it: projections that read one input are one product. */
export type FusedLayer = 'attention.qkv' | 'attention.output' | 'feedForward.gateUp' | 'feedForward.down';

export const fusedProjections: Readonly<Record<FusedLayer, readonly Projection[]>> = {
  'attention.qkv': ['query', 'key', 'value'],
  'attention.output': ['attentionOutput'],
  'feedForward.gateUp': ['gate', 'up'],
  'feedForward.down': ['down'],
};

export const fusedLayers = Object.keys(fusedProjections) as readonly FusedLayer[];

/**
 * An adapter as a vector: for each layer and fused product one A [inputs, parts * rank] (the projections' A side by
 * side, transposed for x A) and one B [rank, outputs] per projection; then the scalar head's weight [hidden] and
 * bias [1], which policies leave at their first value.
 */
export interface AdapterLayout {
  readonly architecture: Architecture;
  readonly rank: number;
  readonly alpha: number;
  readonly tensors: readonly FlatTensor[];
  /** numbers in the vector */
  readonly length: number;
}

/** The layout of rank-`rank` adapters on every linear layer. @throws RangeError for a rank or alpha that cannot be */
export function adapterLayout(architecture: Architecture, rank: number, alpha: number): AdapterLayout {
  if (!Number.isInteger(rank) || rank < 1)
    throw new RangeError(`rank must be a positive integer, got ${rank}`);
  if (!(alpha > 0)) throw new RangeError(`alpha must be positive, got ${alpha}`);
  const entries: [string, number[]][] = [];
  for (let layer = 0; layer < architecture.layers; layer++) {
    for (const fused of fusedLayers) {
      const parts = fusedProjections[fused];
      const [first = 'query'] = parts;
      const [, inputs] = projectionShape(architecture, first);
      entries.push([`layers.${layer}.${fused}.a`, [inputs, parts.length * rank]]);
      for (const part of parts) {
        entries.push([`layers.${layer}.${part}.b`, [rank, projectionShape(architecture, part)[0]]]);
      }
    }
  }
  entries.push(['head.weight', [architecture.hiddenSize]], ['head.bias', [1]]);
  const tensors = layFlat(entries);
  return { architecture, rank, alpha, tensors, length: flatLength(tensors) };
}

/** First values of the scalar head: zero (value model) or N(0, 1 / (hidden + 1)) (preference model), bias 0. */
export type HeadStart = 'zero' | 'normal';

/**
 * The first values of an adapter: A normal with variance 1 / inputs, B zero, so that it changes nothing yet.
 *
 * @param stream of the generator: different adapters of one seed take different streams
 */
export function initialAdapter(
  layout: AdapterLayout,
  seed: number,
  stream: number,
  head: HeadStart = 'zero',
): Float32Array {
  const vector = new Float32Array(layout.length);
  const fill = ({ offset, length }: FlatTensor, deviation: number): void => {
    for (let index = offset; index < offset + length; index++) {
      vector[index] = deviation * normal(seed, stream, index);
    }
  };
  for (const tensor of layout.tensors) {
    const [inputs = 1] = tensor.shape;
    if (tensor.name.endsWith('.a')) fill(tensor, 1 / Math.sqrt(inputs));
    else if (tensor.name === 'head.weight' && head === 'normal') fill(tensor, 1 / Math.sqrt(inputs + 1));
  }
  return vector;
}

/** Places of the two factors of one projection in the vector. */
function factorPlaces(
  layout: AdapterLayout,
  layer: number,
  fused: FusedLayer,
  part: number,
): { a: (input: number, rank: number) => number; b: (rank: number, output: number) => number } {
  const parts = fusedProjections[fused];
  const a = tensorOf(layout, `layers.${layer}.${fused}.a`);
  const b = tensorOf(layout, `layers.${layer}.${parts[part] ?? ''}.b`);
  const width = parts.length * layout.rank;
  const outputs = b.shape[1] ?? 0;
  return {
    a: (input, rank) => a.offset + input * width + part * layout.rank + rank,
    b: (rank, output) => b.offset + rank * outputs + output,
  };
}

function tensorOf(layout: AdapterLayout, name: string): FlatTensor {
  const found = layout.tensors.find((tensor) => tensor.name === name);
  if (found === undefined) throw new RangeError(`the adapter layout has no ${name}`);
  return found;
}

/** The vector as PEFT's pairs. @param withHead whether the scalar head belongs to it (preference and value models) */
export function adapterFromVector(layout: AdapterLayout, vector: Float32Array, withHead: boolean): Adapter {
  const { architecture, rank, alpha } = layout;
  const layers = Array.from({ length: architecture.layers }, (_, layer) => {
    const pairs: Partial<Record<Projection, LowRankPair>> = {};
    eachProjection(layout, layer, (projection, places, inputs, outputs) => {
      const a = new Float32Array(rank * inputs);
      const b = new Float32Array(outputs * rank);
      for (let r = 0; r < rank; r++) {
        for (let i = 0; i < inputs; i++) a[r * inputs + i] = vector[places.a(i, r)] ?? 0;
        for (let o = 0; o < outputs; o++) b[o * rank + r] = vector[places.b(r, o)] ?? 0;
      }
      pairs[projection] = { a, b };
    });
    return pairs;
  });
  const weight = tensorOf(layout, 'head.weight');
  const bias = tensorOf(layout, 'head.bias');
  const head = {
    weight: vector.slice(weight.offset, weight.offset + weight.length),
    bias: vector[bias.offset] ?? 0,
  };
  return {
    rank,
    alpha,
    projections: fusedLayers.flatMap((fused) => fusedProjections[fused]),
    layers,
    head: withHead ? head : null,
  };
}

/**
 * PEFT's pairs as a vector; projections that the adapter leaves out stay zero, and so does a head it does not have.
 *
 * @throws RangeError if rank or alpha differ from the layout's
 */
export function vectorFromAdapter(layout: AdapterLayout, adapter: Adapter): Float32Array {
  if (adapter.rank !== layout.rank || adapter.alpha !== layout.alpha) {
    throw new RangeError(
      `the adapter has rank ${adapter.rank} and alpha ${adapter.alpha}, this session is built for ` +
        `rank ${layout.rank} and alpha ${layout.alpha}: open one for the adapter`,
    );
  }
  const vector = new Float32Array(layout.length);
  for (let layer = 0; layer < layout.architecture.layers; layer++) {
    const pairs = adapter.layers[layer];
    eachProjection(layout, layer, (projection, places, inputs, outputs) => {
      const pair = pairs?.[projection];
      if (pair === undefined) return;
      for (let r = 0; r < layout.rank; r++) {
        for (let i = 0; i < inputs; i++) vector[places.a(i, r)] = pair.a[r * inputs + i] ?? 0;
        for (let o = 0; o < outputs; o++) vector[places.b(r, o)] = pair.b[o * layout.rank + r] ?? 0;
      }
    });
  }
  if (adapter.head !== null) {
    vector.set(adapter.head.weight, tensorOf(layout, 'head.weight').offset);
    vector[tensorOf(layout, 'head.bias').offset] = adapter.head.bias;
  }
  return vector;
}

function eachProjection(
  layout: AdapterLayout,
  layer: number,
  visit: (
    projection: Projection,
    places: ReturnType<typeof factorPlaces>,
    inputs: number,
    outputs: number,
  ) => void,
): void {
  for (const fused of fusedLayers) {
    fusedProjections[fused].forEach((projection, part) => {
      const [outputs, inputs] = projectionShape(layout.architecture, projection);
      visit(projection, factorPlaces(layout, layer, fused, part), inputs, outputs);
    });
  }
}
