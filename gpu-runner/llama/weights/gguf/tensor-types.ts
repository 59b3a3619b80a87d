/** The tensor types of ggml: how many elements share a block, how long it is, and how it is decoded where it is. */
import { decodeElements } from '../element-types.ts';
import { dequantiseQ40, dequantiseQ41, dequantiseQ50, dequantiseQ51, dequantiseQ80 } from './dequantise.ts';
import { dequantiseQ2K, dequantiseQ3K, dequantiseQ4K, dequantiseQ5K, dequantiseQ6K } from './dequantise-k.ts';

/** Fills `values` from the whole blocks of `bytes`. */
export type Dequantise = (bytes: Uint8Array, values: Float32Array) => void;

export interface TensorType {
  readonly name: string;
  /** Elements of one block. */
  readonly elements: number;
  /** Bytes of one block. */
  readonly bytes: number;
  /** null for a type that is not read. */
  readonly dequantise: Dequantise | null;
}

function type(
  name: string,
  elements: number,
  bytes: number,
  dequantise: Dequantise | null = null,
): TensorType {
  return { name, elements, bytes, dequantise };
}

const plain =
  (dtype: 'F32' | 'F16' | 'BF16'): Dequantise =>
  (bytes, values) =>
    values.set(decodeElements(dtype, bytes));

/** By the number that the file holds. Sizes of the types that are not read let their place in the file be checked. */
export const tensorTypes: ReadonlyMap<number, TensorType> = new Map([
  [0, type('F32', 1, 4, plain('F32'))],
  [1, type('F16', 1, 2, plain('F16'))],
  [2, type('Q4_0', 32, 18, dequantiseQ40)],
  [3, type('Q4_1', 32, 20, dequantiseQ41)],
  [6, type('Q5_0', 32, 22, dequantiseQ50)],
  [7, type('Q5_1', 32, 24, dequantiseQ51)],
  [8, type('Q8_0', 32, 34, dequantiseQ80)],
  [9, type('Q8_1', 32, 40)],
  [10, type('Q2_K', 256, 84, dequantiseQ2K)],
  [11, type('Q3_K', 256, 110, dequantiseQ3K)],
  [12, type('Q4_K', 256, 144, dequantiseQ4K)],
  [13, type('Q5_K', 256, 176, dequantiseQ5K)],
  [14, type('Q6_K', 256, 210, dequantiseQ6K)],
  [15, type('Q8_K', 256, 292)],
  [16, type('IQ2_XXS', 256, 66)],
  [17, type('IQ2_XS', 256, 74)],
  [18, type('IQ3_XXS', 256, 98)],
  [19, type('IQ1_S', 256, 50)],
  [20, type('IQ4_NL', 32, 18)],
  [21, type('IQ3_S', 256, 110)],
  [22, type('IQ2_S', 256, 82)],
  [23, type('IQ4_XS', 256, 136)],
  [24, type('I8', 1, 1)],
  [25, type('I16', 1, 2)],
  [26, type('I32', 1, 4)],
  [27, type('I64', 1, 8)],
  [28, type('F64', 1, 8)],
  [29, type('IQ1_M', 256, 56)],
  [30, type('BF16', 1, 2, plain('BF16'))],
  [34, type('TQ1_0', 256, 54)],
  [35, type('TQ2_0', 256, 66)],
  [39, type('MXFP4', 32, 17)],
  [40, type('NVFP4', 64, 36)],
  [41, type('Q1_0', 128, 18)],
]);

/** Names of the types that are read, for messages. */
export const readableTypes = [...tensorTypes.values()]
  .filter(({ dequantise }) => dequantise !== null)
  .map(({ name }) => name)
  .join(', ');
