/** The frozen base as the CUDA form holds it: names, element types and places in one file, a pure function of the shape. */
import type { Architecture } from '../../model/architecture.ts';
import { layerShapes } from '../../model/layer-matrices.ts';
import { fusedShape, layerTensorsOf } from '../../weights/layer-tensors.ts';
import { UserError } from '../../../../shared/user-error.ts';

/** The file's name; it stands in a folder of its own. */
export const CUDA_BINARY_FILE = 'cuda.bin';

/** A weight stands as value + 128, which is the zero point that MatMulNBits takes unless told another. */
export const ZERO_POINT = 128;

/** One tensor of the file. `offset` and `length` are bytes. */
export interface CudaRegion {
  readonly name: string;
  readonly dtype: 'uint8' | 'float16';
  readonly shape: readonly number[];
  readonly offset: number;
  readonly length: number;
}

/** A model that the CUDA form cannot hold; the message names the matrix or the field, and the cure. */
export class CudaLayoutError extends UserError {
  override readonly name = 'CudaLayoutError';
  override readonly code = 'bad-model';
}

const PAGE = 4096;
const LARGEST_BLOCK = 128;
const SMALLEST_BLOCK = 16;

/**
 * Inputs that share a scale in MatMulNBits: the largest power of two up to 128 that divides them, since its kernels take
 * 16 to 128. All blocks of one output have the base's one scale, so a large block only saves bytes: at 128 the scales
 * are 1.6 % of the weights.
 *
 * @throws CudaLayoutError where not even 16 divides
 */
function blockSize(inputs: number): number {
  for (let size = LARGEST_BLOCK; size >= SMALLEST_BLOCK; size /= 2) if (inputs % size === 0) return size;
  throw new CudaLayoutError(
    `a matrix with ${inputs} inputs has no blocks: MatMulNBits needs a multiple of ${SMALLEST_BLOCK}; run it with --device cpu`,
  );
}

/**
 * The tensors in file order. Of each matrix W [outputs, inputs]: `.weight` u8 [outputs, blocks, block], W = (u8 - 128) *
 * scale; `.blockScale` fp16 [outputs, blocks], what the product reads; `.channelScale` fp16 [outputs], the same numbers once,
 * what dequantising for the backward pass reads. Norms and biases are fp16. The embedding has the form of the output matrix and is that matrix where
 * they are tied.
 */
export function cudaLayout(architecture: Architecture): CudaRegion[] {
  const { hiddenSize, layers, vocabularySize, tiedEmbedding } = architecture;
  const regions: CudaRegion[] = [];
  let end = 0;
  const add = (name: string, dtype: CudaRegion['dtype'], shape: readonly number[]): void => {
    const length = shape.reduce((product, size) => product * size, dtype === 'uint8' ? 1 : 2);
    const offset = Math.ceil(end / PAGE) * PAGE;
    regions.push({ name, dtype, shape, offset, length });
    end = offset + length;
  };
  const addMatrix = (name: string, outputs: number, inputs: number): void => {
    const block = blockSize(inputs);
    add(`${name}.weight`, 'uint8', [outputs, inputs / block, block]);
    add(`${name}.blockScale`, 'float16', [outputs, inputs / block]);
    add(`${name}.channelScale`, 'float16', [outputs]);
  };
  const shapes = layerShapes(architecture);
  const ofLayer = layerTensorsOf(architecture).map((tensor) => ({
    name: tensor.name,
    kind: tensor.kind,
    shape: fusedShape(tensor, shapes),
  }));
  const vectors = ofLayer.filter(({ kind }) => kind === 'vector');
  const matrices = ofLayer.filter(({ kind }) => kind === 'linear');
  for (let layer = 0; layer < layers; layer++) {
    for (const { name, shape } of vectors) add(`layers.${layer}.${name}`, 'float16', shape);
    for (const { name, shape } of matrices) {
      const [inputs, outputs = 1] = shape;
      addMatrix(`layers.${layer}.${name}`, outputs, inputs);
    }
  }
  add('norm.weight', 'float16', [hiddenSize]);
  addMatrix('output', vocabularySize, hiddenSize);
  if (!tiedEmbedding) addMatrix('embedding', vocabularySize, hiddenSize);
  return regions;
}

/** Bytes of all tensors, without the gaps between them. */
export function cudaWeightBytes(architecture: Architecture): number {
  return cudaLayout(architecture).reduce((sum, { length }) => sum + length, 0);
}
