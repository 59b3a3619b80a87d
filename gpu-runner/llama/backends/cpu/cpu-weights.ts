/** The frozen base inside a CPU graph: 8-bit products of its integers, or its fp32 numbers as they are. */
import type { Graph, Value } from '../../../tensor/graph.ts';
import * as ops from '../../../tensor/operators.ts';
import { ExternalTensors, type StoredTensor } from '../../model/external-tensors.ts';
import type { GraphWeights } from '../../model/graph-weights.ts';
import { type HadamardBlock, turned } from '../../model/hadamard.ts';
import { BASE_BINARY_FILE, type BaseFile } from '../../weights/base-file.ts';
import { BACKWARD_FILES, backwardMatrices } from './backward-file.ts';
import { eightBitLinear } from './eight-bit-linear.ts';
import { EXACT_POSITIONS, type ValueGrid } from './exact-attention.ts';
import type { ExactProduct } from './exact-product.ts';
import type { BackwardForm } from './input-gradient.ts';
import { UNSIGNED_FILE } from './unsigned-file.ts';
import { valueGrid } from './value-limit.ts';

/** A base as this processor multiplies it. */
export interface CpuBase {
  readonly base: BaseFile;
  /** an fp32 base does not ask */
  readonly exactProduct: ExactProduct;
  /** whether the weights of products stand as unsigned bytes in a file of their own */
  readonly hasUnsignedFile: boolean;
  /** the form of the way back: chosen when the backend is made ready to train, unless given; exact until then */
  readonly backward?: BackwardForm;
}

const UNSIGNED = '.unsigned';

/** Its tensors; `NAME.unsigned` is a weight of a product plus 128, where the base has that in a file, `NAME.back` its way back. */
export function cpuTensors(
  graph: Graph,
  { base, exactProduct, hasUnsignedFile, backward }: CpuBase,
): ExternalTensors {
  const location = BACKWARD_FILES[exactProduct];
  const integers = exactProduct === 'signed' ? 'int8' : 'uint8';
  const back = new Map<string, StoredTensor>(
    (backward === 'eight-bit' ? backwardMatrices(base) : []).flatMap(({ values, scale }) => [
      [values.name, { ...values, dtype: integers, location }],
      [scale.name, { ...scale, location }],
    ]),
  );
  return new ExternalTensors(graph, (name) => {
    if (!name.endsWith(UNSIGNED))
      return base.has(name) ? { ...base.region(name), location: BASE_BINARY_FILE } : back.get(name);
    if (!hasUnsignedFile) return undefined;
    return { ...base.region(name.slice(0, -UNSIGNED.length)), dtype: 'uint8', location: UNSIGNED_FILE };
  });
}

/** A frozen 8-bit base in a graph. A linear layer is its product of its inputs as the base turns them. */
export interface EightBitWeights extends GraphWeights {
  /** what the product of this layer reads for x; done twice it undoes itself */
  readonly turn: (name: string, x: Value) => Value;
  /** the product of a layer, with its bias, of inputs that are turned already */
  readonly product: (name: string, x: Value) => Value;
  /** how this layer's attention rounds its values */
  readonly valueGrid: (layer: number) => ValueGrid;
}

/**
 * Rows of activations are flat, [N, features]; tokens are int64 [N].
 *
 * @param maximumPositions of the longest sequence
 */
export function eightBitWeights(
  { base, exactProduct }: CpuBase,
  tensors: ExternalTensors,
  maximumPositions: number,
): EightBitWeights {
  const { architecture } = base;
  const blockOf = (name: string): HadamardBlock | undefined => base.region(`${name}.weight`).hadamard;
  const turn = (name: string, x: Value): Value => {
    const block = blockOf(name);
    return block === undefined ? x : turned(x, block);
  };
  const product = (name: string, x: Value): Value => {
    const unsigned = `${name}.weight${UNSIGNED}`;
    const weight = {
      values: tensors.value(`${name}.weight`),
      scale: tensors.value(`${name}.scale`),
      unsigned: tensors.has(unsigned) ? tensors.value(unsigned) : undefined,
    };
    // Turned rows are no longer lopsided: what centring would win is won already.
    const centred = name.endsWith('feedForward.down') && blockOf(name) === undefined;
    return biased(tensors, name, eightBitLinear(x, weight, { exactProduct, centred }));
  };
  return {
    architecture,
    embed: (tokens) => {
      const rows = ops.cast(ops.gather(tensors.value('embedding.weight'), tokens), 'float32');
      const scales = ops.unsqueeze(ops.gather(tensors.value('embedding.scale'), tokens), [-1]);
      return turn('embedding', ops.multiply(rows, scales));
    },
    norm: (name) => tensors.value(`${name}.weight`),
    turn,
    product,
    linear: (name, x) => product(name, turn(name, x)),
    valueGrid: (layer) => ({
      ...valueGrid(architecture, tensors, layer, blockOf(`layers.${layer}.attention.qkv`)),
      long: maximumPositions > EXACT_POSITIONS,
    }),
  };
}

/** A frozen fp32 base. */
export function floatWeights({ base }: CpuBase, tensors: ExternalTensors): GraphWeights {
  return {
    architecture: base.architecture,
    embed: (tokens) => ops.gather(tensors.value('embedding.weight'), tokens),
    norm: (name) => tensors.value(`${name}.weight`),
    linear: (name, x) =>
      name === 'output' && !tensors.has('output.weight')
        ? ops.matMul(x, tensors.value('embedding.weight'), { transposeB: true })
        : biased(tensors, name, ops.matMul(x, tensors.value(`${name}.weight`))),
  };
}

/** A product with its layer's bias, where the base has one. */
function biased(tensors: ExternalTensors, name: string, product: Value): Value {
  const bias = `${name}.bias`;
  return tensors.has(bias) ? ops.add(product, tensors.value(bias)) : product;
}
