/** Names, dtypes, shapes and file offsets of a base's tensors: a pure function of architecture and precision. */
import type { Architecture } from '../model/architecture.ts';
import { type HadamardBlock, hadamardBlock } from '../model/hadamard.ts';
import { layerShapes } from '../model/layer-matrices.ts';
import { fusedShape, layerTensorsOf } from './layer-tensors.ts';

/** `int8`: 8-bit linear weights with one fp32 scale per output channel; `fp32`: everything in fp32. */
export type BasePrecision = 'int8' | 'fp32';

type TensorDtype = 'int8' | 'float32';

/** One tensor of a base file. `offset` and `length` are bytes in base.bin. */
export interface TensorRegion {
  readonly name: string;
  readonly dtype: TensorDtype;
  readonly shape: readonly number[];
  readonly offset: number;
  readonly length: number;
  /** of a matrix whose inputs are turned: how many together (see model/hadamard.ts) */
  readonly hadamard?: HadamardBlock;
}

const ALIGNMENT = 64;
const PAGE = 4096;

/** Tensors of at least this many bytes start on a page, so that they can be memory-mapped on their own. */
const LARGE_TENSOR = 64 * 1024;

/**
 * The tensors of a base in file order, with their place in base.bin.
 *
 * Linear weights are stored transposed, [in, out], so that x [T, in] @ W [in, out] needs no transpose; query, key
 * and value are one matrix, gate and up are one matrix, and so are their biases; norms and biases are fp32 always. In
 * `int8` W = weight * scale with scale [out], and where a region says `hadamard` that is H W. The embedding is stored by
 * rows, [vocabulary, hidden], with a scale per row. A tied 8-bit base holds the same numbers a second time as
 * `output.weight` [hidden, vocabulary]: the product needs that layout and packs its own copy of it anyway, and a look-up
 * touches only the rows in use. A tied fp32 base holds `embedding.weight` once (it trains as one).
 *
 * @param isTurned whether matrices hold H W in place of W, where blocks of H divide their inputs; an embedding's are its
 *   columns
 */
export function baseLayout(
  architecture: Architecture,
  precision: BasePrecision,
  isTurned: boolean,
): TensorRegion[] {
  const { vocabularySize, hiddenSize } = architecture;
  const regions: TensorRegion[] = [];
  let end = 0;
  const add = (
    name: string,
    dtype: TensorDtype,
    shape: readonly number[],
    turn: Pick<TensorRegion, 'hadamard'> = {},
  ): void => {
    const length = shape.reduce((product, size) => product * size, dtype === 'int8' ? 1 : 4);
    const alignment = length >= LARGE_TENSOR ? PAGE : ALIGNMENT;
    const offset = Math.ceil(end / alignment) * alignment;
    regions.push({ name, dtype, shape, offset, length, ...turn });
    end = offset + length;
  };
  const addMatrix = (
    name: string,
    shape: readonly [number, number],
    inputs: number,
    channels: number,
  ): void => {
    const hadamard = isTurned ? hadamardBlock(inputs) : undefined;
    const turn = hadamard === undefined ? {} : { hadamard };
    add(`${name}.weight`, precision === 'int8' ? 'int8' : 'float32', shape, turn);
    if (precision === 'int8') add(`${name}.scale`, 'float32', [channels]);
  };

  addMatrix('embedding', [vocabularySize, hiddenSize], hiddenSize, vocabularySize);
  const shapes = layerShapes(architecture);
  const tensors = layerTensorsOf(architecture);
  for (let layer = 0; layer < architecture.layers; layer++) {
    for (const tensor of tensors) {
      const name = `layers.${layer}.${tensor.name}`;
      const [inputs, outputs] = fusedShape(tensor, shapes);
      if (outputs === undefined) add(name, 'float32', [inputs]);
      else addMatrix(name, [inputs, outputs], inputs, outputs);
    }
  }
  add('norm.weight', 'float32', [hiddenSize]);
  if (precision === 'int8' || !architecture.tiedEmbedding)
    addMatrix('output', [hiddenSize, vocabularySize], hiddenSize, vocabularySize);
  return regions;
}

/** Bytes of base.bin for a layout. */
export function layoutLength(regions: readonly TensorRegion[]): number {
  const last = regions.at(-1);
  return last === undefined ? 0 : last.offset + last.length;
}
