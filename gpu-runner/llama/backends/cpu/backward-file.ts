/** The weights of an 8-bit base as gradients go back through them, in a file beside base.bin. */
import type { FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { hasCode } from '../../../../shared/caught.ts';
import { ModelFileError } from '../../../files/model-file-error.ts';
import { hadamardBlock, type HadamardBlock } from '../../model/hadamard.ts';
import type { BaseFile } from '../../weights/base-file.ts';
import type { TensorRegion } from '../../weights/base-layout.ts';
import { turnBlocks } from '../../weights/turn-blocks.ts';
import { derivedFile, writeAt } from './derived-file.ts';
import type { ExactProduct } from './exact-product.ts';

/** As this processor's exact product takes integers, with a number that rises when what stands there is made otherwise. */
export const BACKWARD_FILES: Readonly<Record<ExactProduct, string>> = {
  signed: 'base.backward.1.bin',
  unsigned: 'base.backward.1.unsigned.bin',
};

const PAGE = 4096;
const LARGEST = 127;

/** A matrix [inputs, outputs] of the base, and where its way back stands: integers [outputs, inputs], a scale for each input. */
interface BackwardMatrix {
  readonly name: string;
  readonly values: TensorRegion;
  readonly scale: TensorRegion;
  /** blocks of outputs that are turned; undefined: the forward's integers, transposed */
  readonly block: HadamardBlock | undefined;
}

/** Whether gradients of a layer's outputs are turned: of gate and up, where a few numbers are far larger than their row. */
export function backwardBlock(name: string, outputs: number): HadamardBlock | undefined {
  return name.endsWith('feedForward.gateUp') ? hadamardBlock(outputs) : undefined;
}

/** The matrices that gradients go through; a tied output's way back is the embedding as it stands. */
export function backwardMatrices({
  regions,
  architecture,
}: Pick<BaseFile, 'regions' | 'architecture'>): BackwardMatrix[] {
  let end = 0;
  const place = (name: string, dtype: TensorRegion['dtype'], shape: readonly number[]): TensorRegion => {
    const length = shape.reduce((product, size) => product * size, dtype === 'int8' ? 1 : 4);
    const offset = Math.ceil(end / PAGE) * PAGE;
    end = offset + length;
    return { name, dtype, shape, offset, length };
  };
  return regions.flatMap(({ name: tensor, dtype, shape: [inputs = 0, outputs = 0] }) => {
    const name = tensor.replace(/\.weight$/, '');
    const isTied = name === 'output' && architecture.tiedEmbedding;
    if (dtype !== 'int8' || name === 'embedding' || isTied) return [];
    const values = place(`${name}.back`, 'int8', [outputs, inputs]);
    const scale = place(`${name}.backScale`, 'float32', [inputs]);
    return [{ name, values, scale, block: backwardBlock(name, outputs) }];
  });
}

/**
 * Writes the file unless it is there. Made by the graph instead it would cost the engine twenty times its size while it loads.
 *
 * @throws ModelFileError where the folder cannot be written
 */
export async function prepareBackward(base: BaseFile, exactProduct: ExactProduct): Promise<void> {
  const matrices = backwardMatrices(base);
  const last = matrices.at(-1)?.scale;
  const length = last === undefined ? 0 : last.offset + last.length;
  const file = path.join(base.folder, BACKWARD_FILES[exactProduct]);
  try {
    await derivedFile(file, length, async (target) => {
      for (const matrix of matrices) await writeBack(base, matrix, exactProduct, target);
    });
  } catch (error) {
    if (!hasCode(error, 'EROFS', 'EACCES', 'EPERM', 'ENOSPC')) throw error;
    throw new ModelFileError(
      file,
      null,
      `cannot be written, and training keeps ${Math.ceil(length / 1e6)} MB there`,
      'Give the model a folder that can be written, with room for it',
    );
  }
}

async function writeBack(
  base: BaseFile,
  matrix: BackwardMatrix,
  exactProduct: ExactProduct,
  target: FileHandle,
): Promise<void> {
  const { name, values, scale, block } = matrix;
  const [outputs = 0, inputs = 0] = values.shape;
  const stored = await base.readInt8(`${name}.weight`);
  if (block === undefined) {
    await writeAll(target, asTaken(transposed(stored, inputs, outputs), exactProduct), values.offset);
    await writeAll(target, new Float32Array(inputs).fill(1), scale.offset);
    return;
  }
  const { integers, steps } = turnedBack(
    stored,
    await base.readFloat32(`${name}.scale`),
    inputs,
    outputs,
    block,
  );
  await writeAll(target, asTaken(integers, exactProduct), values.offset);
  await writeAll(target, steps, scale.offset);
}

/** Bytes of the integers, or of the integers plus 128, in place. */
function asTaken(integers: Int8Array, exactProduct: ExactProduct): Int8Array {
  if (exactProduct === 'unsigned') {
    for (let place = 0; place < integers.length; place++) integers[place] = (integers[place] ?? 0) ^ 0x80;
  }
  return integers;
}

function transposed(values: Int8Array, rows: number, columns: number): Int8Array {
  const result = new Int8Array(values.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      result[column * rows + row] = values[row * columns + column] ?? 0;
    }
  }
  return result;
}

/** H W^T of W = values * scale [inputs, outputs], rounded by its columns: integers [outputs, inputs] and a step for each input. */
function turnedBack(
  stored: Int8Array,
  scale: Float32Array,
  inputs: number,
  outputs: number,
  block: HadamardBlock,
): { readonly integers: Int8Array; readonly steps: Float32Array } {
  const back = new Float32Array(stored.length);
  for (let input = 0; input < inputs; input++) {
    for (let output = 0; output < outputs; output++) {
      back[output * inputs + input] = (stored[input * outputs + output] ?? 0) * (scale[output] ?? 0);
    }
  }
  turnBlocks(back, inputs, block);
  const steps = new Float32Array(inputs);
  for (let place = 0; place < back.length; place++) {
    const input = place % inputs;
    steps[input] = Math.max(steps[input] ?? 0, Math.abs(back[place] ?? 0) / LARGEST);
  }
  const integers = new Int8Array(back.length);
  for (let place = 0; place < back.length; place++) {
    const step = steps[place % inputs] ?? 0;
    integers[place] = step === 0 ? 0 : Math.round((back[place] ?? 0) / step);
  }
  return { integers, steps };
}

async function writeAll(
  target: FileHandle,
  numbers: Int8Array | Float32Array,
  offset: number,
): Promise<void> {
  await writeAt(target, new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength), offset);
}
