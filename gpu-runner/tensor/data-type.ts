/** Element types: their ONNX codes, sizes in bytes and typed arrays. */
import { GraphError } from './errors.ts';

export type DataType = 'float32' | 'float16' | 'float64' | 'int32' | 'int64' | 'uint8' | 'int8' | 'bool';

/** Typed arrays that carry tensor elements on the host; float16 as raw bits, bool as 0 and 1. */
export type TensorData =
  Float32Array | Float64Array | Uint16Array | Int32Array | BigInt64Array | Uint8Array | Int8Array;

interface DataTypeTraits {
  /** TensorProto.DataType */
  readonly code: number;
  readonly bytes: number;
  readonly fromNumbers: (values: readonly number[]) => TensorData;
}

/** The 16 bits of the half-precision number nearest to `value` (ties to even). */
export function float16Bits(value: number): number {
  const float = new Float32Array([value]);
  const bits = new Uint32Array(float.buffer)[0] ?? 0;
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = Math.abs(value);
  if (Number.isNaN(value)) return 0x7e00;
  if (magnitude >= 65520) return sign | 0x7c00;
  const exponent = Math.max(Math.floor(Math.log2(magnitude || 1e-30)), -14);
  const ulp = 2 ** (exponent - 10);
  const steps = magnitude / ulp;
  const floor = Math.floor(steps);
  const rest = steps - floor;
  const rounded = rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
  // Adding the mantissa to the biased exponent carries over into the next binade by itself.
  return sign | (rounded < 1024 ? rounded : ((exponent + 14) << 10) + rounded);
}

const TRAITS: Record<DataType, DataTypeTraits> = {
  float32: { code: 1, bytes: 4, fromNumbers: (values) => Float32Array.from(values) },
  uint8: { code: 2, bytes: 1, fromNumbers: (values) => Uint8Array.from(values) },
  int8: { code: 3, bytes: 1, fromNumbers: (values) => Int8Array.from(values) },
  int32: { code: 6, bytes: 4, fromNumbers: (values) => Int32Array.from(values) },
  int64: { code: 7, bytes: 8, fromNumbers: (values) => BigInt64Array.from(values, BigInt) },
  bool: { code: 9, bytes: 1, fromNumbers: (values) => Uint8Array.from(values, (value) => (value ? 1 : 0)) },
  float16: { code: 10, bytes: 2, fromNumbers: (values) => Uint16Array.from(values, float16Bits) },
  float64: { code: 11, bytes: 8, fromNumbers: (values) => Float64Array.from(values) },
};

/** The ONNX code (TensorProto.DataType) of an element type. */
export function dataTypeCode(dtype: DataType): number {
  return TRAITS[dtype].code;
}

/** Bytes of one element. */
export function bytesPerElement(dtype: DataType): number {
  return TRAITS[dtype].bytes;
}

/** Numbers as the typed array of an element type. */
export function dataFromNumbers(dtype: DataType, values: readonly number[]): TensorData {
  return TRAITS[dtype].fromNumbers(values);
}

/** Whether gradients exist in this type. */
export function isFloating(dtype: DataType): boolean {
  return dtype === 'float32' || dtype === 'float64' || dtype === 'float16';
}

/** @throws GraphError unless `data` is a typed array of the element type with `length` elements */
export function checkData(what: string, dtype: DataType, data: TensorData, length: number): void {
  const expected = TRAITS[dtype].fromNumbers([]).constructor.name;
  if (data.constructor.name !== expected) {
    throw new GraphError(`${what}: ${dtype} data must be a ${expected}, got ${data.constructor.name}`);
  }
  if (data.length !== length) {
    throw new GraphError(`${what}: the shape has ${length} elements, the data has ${data.length}`);
  }
}
