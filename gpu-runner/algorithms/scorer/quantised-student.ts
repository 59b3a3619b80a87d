/** The student with its table in 8 bits, one scale a column: what is shipped, and what is measured. */
import { DIMENSION, type Student } from './student.ts';

export interface QuantisedStudent {
  /** [BUCKETS, DIMENSION]; T = table * scale of the column */
  readonly table: Int8Array;
  /** [DIMENSION] */
  readonly scales: Float32Array;
  readonly dense: Float32Array;
}

const LARGEST = 127;

/** Rounds each column to 8 bits, symmetric around zero, so that a row of zeros stays zero. */
export function quantiseStudent({ table, dense }: Student): QuantisedStudent {
  const scales = new Float32Array(DIMENSION);
  table.forEach((value, index) => {
    const column = index % DIMENSION;
    scales[column] = Math.max(scales[column] ?? 0, Math.abs(value) / LARGEST);
  });
  const rounded = Int8Array.from(table, (value, index) => {
    const scale = scales[index % DIMENSION] ?? 0;
    return scale === 0 ? 0 : Math.max(-LARGEST, Math.min(LARGEST, Math.round(value / scale)));
  });
  return { table: rounded, scales, dense };
}

/** The student that the 8-bit table stands for. */
export function dequantiseStudent({ table, scales, dense }: QuantisedStudent): Student {
  const values = Float32Array.from(table, (value, index) => value * (scales[index % DIMENSION] ?? 0));
  return { table: values, dense };
}
