/** The scorer as a file: an ONNX model that any engine can run, with what the edge needs beside it in its metadata. */
import type { Calibration } from '../../../shared/scoring/calibration.ts';
import { BUCKETS } from '../../../shared/scoring/features.ts';
import { Graph, type Value } from '../../tensor/graph.ts';
import * as ops from '../../tensor/operators.ts';
import { serialiseGraph } from '../../tensor/serialise.ts';
import type { QuantisedStudent } from './quantised-student.ts';
import { DIMENSION, HIDDEN, OFFSETS } from './student.ts';

/**
 * Inputs `response` [texts, n] and `prompt` [texts, m]: rows of the table, padded with BUCKETS, the row of zeros;
 * `responseCount` and `promptCount` [texts, 1]: features without the padding, at least 1. Output `score` [texts].
 *
 * @param seenWords set of the words seen in training, one bit each (see shared/scoring/features.ts)
 */
export function encodeScorer(
  { table, scales, dense }: QuantisedStudent,
  calibration: Calibration,
  seenWords: Uint8Array,
): Uint8Array {
  const graph = new Graph('scorer');
  const padded = new Int8Array((BUCKETS + 1) * DIMENSION);
  padded.set(table);
  const rows = graph.constant('int8', padded, [BUCKETS + 1, DIMENSION]);
  const scale = graph.constant('float32', scales, [DIMENSION]);
  const pool = (name: string): Value => {
    const ids = graph.input(name, 'int32', ['texts', `${name}Features`]);
    const count = graph.input(`${name}Count`, 'float32', ['texts', 1]);
    const sum = ops.reduceSum(ops.cast(ops.gather(rows, ids), 'float32'), { axes: [1] });
    return ops.divide(ops.multiply(sum, scale), ops.sqrt(count));
  };
  const pooled = ops.concat([pool('response'), pool('prompt')], 1);
  const part = (start: number, end: number, shape: readonly number[]) =>
    graph.constant('float32', dense.slice(start, end), shape);
  const first = part(0, OFFSETS.firstBias, [2 * DIMENSION, HIDDEN]);
  const firstBias = part(OFFSETS.firstBias, OFFSETS.second, [HIDDEN]);
  const second = part(OFFSETS.second, OFFSETS.secondBias, [HIDDEN, 1]);
  const secondBias = part(OFFSETS.secondBias, OFFSETS.length, [1]);
  const hidden = ops.relu(ops.add(ops.matMul(pooled, first), firstBias));
  const score = ops.add(ops.matMul(hidden, second), secondBias);
  graph.output('score', ops.reshape(score, ['texts']));
  return serialiseGraph(graph, {
    calibration: JSON.stringify(calibration),
    seenWords: Buffer.from(seenWords).toString('base64'),
    table: rows.name,
    scales: scale.name,
    dense: JSON.stringify([first.name, firstBias.name, second.name, secondBias.name]),
  });
}
