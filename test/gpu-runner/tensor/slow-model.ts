/** A model that computes for long enough to be met at work. */
import { Graph } from '../../../gpu-runner/tensor/graph.ts';
import * as ops from '../../../gpu-runner/tensor/operators.ts';
import { serialiseGraph } from '../../../gpu-runner/tensor/serialise.ts';
import type { HostTensor } from '../../../gpu-runner/tensor/session.ts';

export function slowModel(steps: number): Uint8Array {
  const graph = new Graph('slow');
  const x = graph.input('x', 'float32', [256, 256]);
  const { carried } = ops.loop(graph, 'repeat', {
    count: graph.scalar(steps, 'int64'),
    carried: [{ initial: x }],
    body: (_body, _iteration, values) => ({
      carried: values.map((value) => graph.named('layer', () => ops.tanh(ops.matMul(value, x)))),
    }),
  });
  graph.output('y', ops.first(carried));
  return serialiseGraph(graph);
}

export const slowInput = (): HostTensor => ({
  dtype: 'float32',
  shape: [256, 256],
  data: Float32Array.from({ length: 256 * 256 }, (_, index) => Math.sin(index) / 16),
});
