/** The scorer as a file: its numbers as safetensors, with what the edge needs beside them in the metadata. */
import { encodeSafetensors } from '../../../shared/safetensors/encode.ts';
import type { Calibration } from '../../../shared/scoring/calibration.ts';
import { BUCKETS } from '../../../shared/scoring/features.ts';
import type { QuantisedStudent } from './quantised-student.ts';
import { DIMENSION, HIDDEN, OFFSETS } from './student.ts';

/** @param seenWords set of the words seen in training, one bit each (see shared/scoring/features.ts) */
export function encodeScorer(
  { table, scales, dense }: QuantisedStudent,
  calibration: Calibration,
  seenWords: Uint8Array,
): Uint8Array {
  const floats = (name: string, values: Float32Array, shape: readonly number[]) => ({
    name,
    dtype: 'F32',
    shape,
    bytes: new Uint8Array(values.slice().buffer),
  });
  const part = (name: string, start: number, end: number, shape: readonly number[]) =>
    floats(name, dense.subarray(start, end), shape);
  return encodeSafetensors(
    [
      {
        name: 'table',
        dtype: 'I8',
        shape: [BUCKETS, DIMENSION],
        bytes: new Uint8Array(table.slice().buffer),
      },
      floats('scales', scales, [DIMENSION]),
      part('first.weight', 0, OFFSETS.firstBias, [2 * DIMENSION, HIDDEN]),
      part('first.bias', OFFSETS.firstBias, OFFSETS.second, [HIDDEN]),
      part('second.weight', OFFSETS.second, OFFSETS.secondBias, [HIDDEN, 1]),
      part('second.bias', OFFSETS.secondBias, OFFSETS.length, [1]),
      { name: 'seen_words', dtype: 'U8', shape: [seenWords.length], bytes: seenWords },
    ],
    { calibration: JSON.stringify(calibration) },
  );
}
