import { describe, expect, it } from 'vitest';
import type { Dimension } from '../../../gpu-runner/tensor/dimension.ts';
import type { Producer } from '../../../gpu-runner/tensor/graph.ts';
import * as ops from '../../../gpu-runner/tensor/operators.ts';
import { Graph, type Value } from '../../../gpu-runner/tensor/graph.ts';
import { numbers, runOnce } from './engine.ts';

const float = (shape: readonly number[]) => {
  const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, index) => index - 2.5);
  return { dtype: 'float32', shape, data } as const;
};

describe('a value after another', () => {
  it.each([
    { shape: [5], other: [3], names: ['n'] },
    { shape: [2, 3, 4], other: [7, 2], names: ['batch', 3, 'time'] },
    { shape: [0, 4], other: [3], names: ['rows', 4] },
    { shape: [2, 2], other: [0, 1], names: ['rows', 2] },
  ] satisfies { shape: number[]; other: number[]; names: Dimension[] }[])(
    'keeps its bits and its shape: $shape after $other',
    async ({ shape, other, names }) => {
      const x = float(shape);
      const { y } = await runOnce(
        (graph) => {
          const late = graph.input('other', 'float32', ['others', ...other.slice(1)]);
          return { y: ops.negate(ops.after(graph.input('x', 'float32', names), ops.exp(late))) };
        },
        { x, other: float(other) },
      );
      expect(y?.shape).toEqual(shape);
      expect(numbers(y)).toEqual(Array.from(x.data, (value) => -value));
    },
  );

  it('is made of the other, so that the engine cannot make it before', () => {
    const graph = new Graph('order');
    const x = graph.input('x', 'float32', ['n', 3]);
    const other = ops.exp(graph.input('other', 'float32', ['m']));
    expect(producersOf(ops.after(x, other))).toContain(other.producer);
    expect(producersOf(ops.negate(x))).not.toContain(other.producer);
  });
});

function producersOf({ producer }: Value): (Producer | undefined)[] {
  if (producer === undefined) return [];
  return [producer, ...producer.inputs.flatMap((input) => (input === undefined ? [] : producersOf(input)))];
}
