/** The scorer's network as an ONNX model, so that another engine can compute what the kernel computes. */
import type { QuantisedStudent } from '../../../gpu-runner/algorithms/scorer/quantised-student.ts';
import { DIMENSION, HIDDEN, OFFSETS } from '../../../gpu-runner/algorithms/scorer/student.ts';
import { Graph, type Value } from '../../../gpu-runner/tensor/graph.ts';
import * as ops from '../../../gpu-runner/tensor/operators.ts';
import { serialiseGraph } from '../../../gpu-runner/tensor/serialise.ts';
import { BUCKETS } from '../../../shared/scoring/features.ts';

/**
 * Inputs `response` [texts, n] and `prompt` [texts, m]: rows of the table, padded with BUCKETS, the row of zeros;
 * `responseCount` and `promptCount` [texts, 1]: features without the padding, at least 1. Output `score` [texts].
 */
export function scorerGraph({ table, scales, dense }: QuantisedStudent): Uint8Array {
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
  const hidden = ops.maximum(ops.add(ops.matMul(pooled, first), firstBias), 0);
  const score = ops.add(ops.matMul(hidden, second), secondBias);
  graph.output('score', ops.reshape(score, ['texts']));
  return serialiseGraph(graph);
}
