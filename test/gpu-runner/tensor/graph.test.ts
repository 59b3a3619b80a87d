import { describe, expect, it } from 'vitest';
import { float16Bits } from '../../../gpu-runner/tensor/data-type.ts';
import type { Dimension } from '../../../gpu-runner/tensor/dimension.ts';
import { Graph, type Value } from '../../../gpu-runner/tensor/graph.ts';
import * as ops from '../../../gpu-runner/tensor/operators.ts';
import { serialiseGraph } from '../../../gpu-runner/tensor/serialise.ts';
import { type HostTensor, TensorSession } from '../../../gpu-runner/tensor/session.ts';
import { tabulate } from '../../oracle/array.ts';
import { hostTensor, numbers, runOnce } from './engine.ts';

const BATCH = 2;
const TIME = 5;

/** x [batch, time, 6] with elements 0, 1, 2, ... */
function countingInput(): HostTensor {
  let next = 0;
  return hostTensor(
    'float32',
    tabulate([BATCH, TIME, 6], () => next++),
  );
}

/** Size of a declared dimension once batch and time are known. */
function sizeOf(dimension: Dimension): number {
  const text = String(dimension).replaceAll('batch', String(BATCH)).replaceAll('time', String(TIME));
  expect(text).toMatch(/^[\d*+-]+$/);
  return text
    .replaceAll('-', '+-')
    .split('+')
    .map((term) => term.split('*').reduce((product, factor) => product * Number(factor), 1))
    .reduce((a, b) => a + b, 0);
}

const SHAPE_CASES: Readonly<Record<string, (x: Value, graph: Graph) => Value>> = {
  'reshape merges': (x) => ops.reshape(x, ['batch*time', 6]),
  'reshape splits a product': (x) => ops.reshape(ops.reshape(x, ['batch*time', 6]), ['batch', 'time', 2, 3]),
  'reshape keeps what is aligned': (x) => ops.reshape(x, ['batch', 'time', 3, 2]),
  'reshape with products': (x) => ops.reshape(x, ['3*time', '2*batch']),
  transpose: (x) => ops.transpose(x, [2, 0, 1]),
  'slice from the front': (x) => ops.slice(x, [{ axis: 1, start: 1 }]),
  'slice off the end': (x) => ops.slice(x, [{ axis: 1, start: 0, end: -1 }]),
  'slice the last ones': (x) => ops.slice(x, [{ axis: 1, start: -2 }]),
  'slice inside': (x) => ops.slice(x, [{ axis: 2, start: 1, end: 4 }]),
  'slice a symbolic range': (x) => ops.slice(x, [{ axis: 1, start: 1, end: 3 }]),
  'concat symbolic': (x) => ops.concat([x, x], 1),
  'expand to a symbolic shape': (x) => ops.expand(ops.unsqueeze(x, [0]), [3, 'batch', 'time', 6]),
  'reduce an axis': (x) => ops.reduceSum(x, { axes: [1] }),
  'reduce all': (x) => ops.reduceMean(x),
  'reduce, kept': (x) => ops.reduceMax(x, { axes: [-1], keep: true }),
  'split, second part': (x) => ops.first(ops.split(x, 2, [4, 2]).slice(1)),
  'product with a turned operand': (x) => ops.matMul(x, x, { transposeB: true }),
  'gather rows': (x, graph) => ops.gather(x, graph.constant('int64', [0, 2, 1, 1], [2, 2]), 2),
  'gather one': (x, graph) => ops.gather(x, graph.scalar(1, 'int64'), 1),
  'arg max': (x) => ops.argMax(x, 1),
  'running sum': (x) => ops.cumulativeSum(x, 1),
  range: (_x, graph) => ops.range(graph, 'batch*time+1'),
  fill: (_x, graph) => ops.full(graph, 7, 'float32', ['time', 2, 'batch']),
  squeeze: (x) => ops.squeeze(ops.unsqueeze(x, [1, 3]), [3]),
  'shape known better by the caller': (x) =>
    ops.assumeShape(ops.slice(x, [{ axis: 1, start: 0, end: 5 }]), ['batch', 'time', 6]),
};

describe('shapes while building', () => {
  it.each(Object.entries(SHAPE_CASES))(
    '%s: the declared shape is the one that comes out',
    async (_name, build) => {
      let declared: Value | undefined;
      const { y } = await runOnce(
        (graph) => {
          declared = build(graph.input('x', 'float32', ['batch', 'time', 6]), graph);
          return { y: declared };
        },
        { x: countingInput() },
      );
      expect(y?.shape).toEqual(declared?.shape.map(sizeOf));
      expect(y?.dtype).toBe(declared?.dtype);
    },
  );

  it('errors name the operator and the shapes', () => {
    const graph = new Graph('errors');
    const x = graph.input('x', 'float32', ['batch', 3]);
    const y = graph.input('y', 'float32', [4, 2]);
    const half = graph.input('half', 'float16', ['batch', 3]);
    const indices = graph.input('indices', 'int64', ['batch', 2]);
    expect(() => ops.matMul(x, y)).toThrow('MatMul: [batch, 3] x [4, 2]: inner dimensions 3 and 4 differ');
    expect(() => ops.matMul(x, y, { transposeA: true })).toThrow('[batch, 3] transposed x [4, 2]');
    expect(() => ops.add(x, y)).toThrow('Add: shapes [batch, 3] and [4, 2] do not broadcast');
    expect(() => ops.add(x, half)).toThrow('float32[batch, 3] and float16[batch, 3]');
    expect(() => ops.reshape(x, ['batch', 4])).toThrow('Reshape: [batch, 3] and [batch, 4]');
    expect(() => ops.reshape(x, ['other', 3])).toThrow('different numbers of elements');
    expect(() => ops.transpose(x, [0, 0])).toThrow('no permutation of [batch, 3]');
    expect(() => ops.concat([x, y], 0)).toThrow('[batch, 3], [4, 2] do not fit');
    expect(() => ops.squeeze(x, [0])).toThrow('axis 0 of [batch, 3] is not 1');
    expect(() => ops.slice(y, [{ axis: 0, start: 2, end: 5 }])).toThrow('[2, 5) of [4, 2] is out of range');
    expect(() => ops.split(y, 0, [1, 2])).toThrow('sizes [1, 2] do not add up to axis 0 of [4, 2]');
    expect(() => ops.expand(y, [4, 3])).toThrow('Expand: shapes [4, 2] and [4, 3]');
    expect(() => ops.softmax(x, 2)).toThrow('Softmax: axis 2 is out of range for rank 2');
    expect(() => ops.exp(indices)).toThrow('Exp: needs floating point, got int64[batch, 2]');
    expect(() => ops.gather(x, y)).toThrow('Gather: indices must be int32 or int64, got float32[4, 2]');
    expect(() => ops.gatherElements(x, ops.transpose(indices, [1, 0]), 1)).toThrow(
      'GatherElements on axis 1',
    );
    expect(() => ops.scatterElements(x, indices, x, 1)).toThrow('ScatterElements: indices [batch, 2]');
    expect(() => ops.where(x, x, x)).toThrow('Where: the condition is float32[batch, 3], not bool');
    expect(() => ops.clip(x, y, 1)).toThrow('Clip: bounds must be scalars, got float32[4, 2]');
    expect(() => ops.assumeShape(y, [5, 'n'])).toThrow('[4, 2] cannot be [5, n]');
    expect(() => graph.dimension('time')).toThrow('Dimension "time" is asked for at run time');
    expect(() => graph.input('x', 'float32', [1])).toThrow('"x" is taken');
    expect(() => graph.constant('float32', [1, 2], [3])).toThrow('the shape has 3 elements, the data has 2');
    expect(() => graph.constant('int64', new Float32Array(1))).toThrow('int64 data must be a BigInt64Array');
    expect(() => graph.constant('float32', new Float32Array(300_000))).toThrow('over 1 MiB');
    expect(() => graph.external('w', 'int8', [2, 3], { location: 'f', offset: 0, length: 7 })).toThrow(
      'needs 6 bytes',
    );
    expect(() => ops.first(new Graph('other').inputs)).toThrow('without outputs');
    expect(() => serialiseGraph(graph)).toThrow('errors has no outputs');
    graph.output('elu', ops.emitOne('Elu', [x], x, { alpha: 0.5 }));
    expect(() => serialiseGraph(graph)).toThrow(
      'Attribute alpha = 0.5 is not an integer; mark floats as { float }',
    );
  });

  it('a value of a body is refused outside it', () => {
    const graph = new Graph('outer');
    const body = graph.body('inner');
    const inside = body.input('inside', 'float32', [2]);
    expect(() => graph.output('y', inside)).toThrow('inside of inner_0 is not visible in outer');
    const stranger = graph.body('stranger').input('elsewhere', 'float32', [2]);
    expect(() => ops.add(inside, stranger)).toThrow('is not visible in');
    expect(() => serialiseGraph(body)).toThrow('is a body');
  });
});

describe('what is written', () => {
  it('equal operators and constants are one', () => {
    const graph = new Graph('shared');
    const x = graph.input('x', 'float32', [3]);
    expect(ops.exp(ops.add(x, 1))).toBe(ops.exp(ops.add(x, 1)));
    expect(ops.add(x, 2)).not.toBe(ops.add(x, 1));
    expect(ops.softmax(x, 0)).toBe(ops.softmax(x, -1));
    expect(graph.scalar(1, 'float32')).not.toBe(graph.scalar(1, 'int32'));
    expect(graph.constant('int64', [1, 2])).toBe(graph.constant('int64', new BigInt64Array([1n, 2n])));
    expect(graph.nodes.length).toBe(4);
  });

  it('leaves out what no output needs', () => {
    const build = (wasteful: boolean): Uint8Array => {
      const graph = new Graph('pruned');
      const x = graph.input('x', 'float32', [3]);
      if (wasteful) ops.add(ops.exp(x), 123.5);
      graph.output('y', x);
      return serialiseGraph(graph);
    };
    expect(build(true)).toEqual(build(false));
  });

  it('the same calls give the same bytes', () => {
    const build = (): Uint8Array => {
      const graph = new Graph('same');
      const x = graph.input('x', 'float32', ['n', 3]);
      graph.output(
        'y',
        graph.named('layer', () => ops.matMul(ops.softmax(x), x, { transposeB: true })),
      );
      return serialiseGraph(graph);
    };
    expect(build()).toEqual(build());
  });

  it('an output may be an input, a constant or another output', async () => {
    const outputs = await runOnce(
      (graph) => {
        const x = graph.input('x', 'float32', [2]);
        const y = ops.multiply(x, 3);
        return { x_again: x, y, y_again: y, constant: graph.constant('int32', [7]) };
      },
      { x: { dtype: 'float32', shape: [2], data: Float32Array.of(1, 2) } },
    );
    expect(Object.values(outputs).map(numbers)).toEqual([[1, 2], [3, 6], [3, 6], [7]]);
  });

  it('every element type survives', async () => {
    const outputs = await runOnce(
      (graph) => ({
        float64: graph.constant('float64', [0.1]),
        float16: graph.constant('float16', [1.5, -2]),
        half: ops.cast(graph.constant('float16', [1 / 3]), 'float32'),
        int32: graph.constant('int32', [-5]),
        int64: graph.constant('int64', [2 ** 40]),
        uint8: graph.constant('uint8', [255]),
        int8: graph.constant('int8', [-128]),
        bool: graph.constant('bool', [1, 0, 3]),
      }),
      {},
    );
    expect(numbers(outputs['float64'])).toEqual([0.1]);
    expect(numbers(outputs['float16'])).toEqual([0x3e00, 0xc000]);
    expect(numbers(outputs['half'])).toEqual([Math.fround(1365 / 4096)]);
    expect(numbers(outputs['int32'])).toEqual([-5]);
    expect(numbers(outputs['int64'])).toEqual([2 ** 40]);
    expect(numbers(outputs['uint8'])).toEqual([255]);
    expect(numbers(outputs['int8'])).toEqual([-128]);
    expect(numbers(outputs['bool'])).toEqual([1, 0, 1]);
    expect(Object.entries(outputs).map(([name, { dtype }]) => [name, dtype])).toEqual(
      Object.keys(outputs).map((name) => [name, name === 'half' ? 'float32' : name]),
    );
  });

  it('half precision rounds as the engine does', async () => {
    const values = [
      0,
      -0,
      1,
      65504,
      65519,
      65520,
      1e-8,
      2 ** -24,
      6.1e-5,
      0.1,
      -3.15159,
      2049,
      2051,
      Infinity,
      5.96e-8,
    ];
    const { y } = await runOnce((graph) => ({ y: ops.cast(graph.input('x', 'float32', ['n']), 'float16') }), {
      x: { dtype: 'float32', shape: [values.length], data: Float32Array.from(values) },
    });
    expect(values.map((x) => float16Bits(Math.fround(x)))).toEqual(numbers(y));
  });
});

describe('loops and branches', () => {
  it('a loop carries, stacks, stops, and sees outer values; work on outer values alone stays outside', async () => {
    const graph = new Graph('loop');
    const x = graph.input('x', 'float32', ['n']);
    const limit = graph.input('limit', 'float32', []);
    const { carried, stacked } = ops.loop(graph, 'grow', {
      count: graph.scalar(10, 'int64'),
      carried: [{ initial: x }],
      body: (_body, iteration, [value = x]) => {
        const next = ops.add(value, ops.exp(x));
        return {
          continue: ops.less(ops.reduceMax(next), limit),
          carried: [next],
          stacked: [ops.reduceSum(next), iteration],
        };
      },
    });
    expect(graph.nodes.map(({ operator }) => operator)).toEqual(['Exp', 'Loop']);
    graph.output('last', ops.first(carried));
    stacked.forEach((value, index) => graph.output(`stacked_${index}`, value));
    const session = await TensorSession.open({ model: serialiseGraph(graph) });
    const outputs = await session.run({
      x: { dtype: 'float32', shape: [2], data: new Float32Array(2) },
      limit: { dtype: 'float32', shape: [], data: Float32Array.of(2.5) },
    });
    await session.close();
    expect(numbers(outputs['last'])).toEqual([3, 3]);
    expect(numbers(outputs['stacked_0'])).toEqual([2, 4, 6]);
    expect(numbers(outputs['stacked_1'])).toEqual([0, 1, 2]);
  });

  it('a carried value may grow when its inner shape is declared', async () => {
    const { y } = await runOnce(
      (graph) => {
        const x = graph.input('x', 'float32', ['n']);
        const { carried } = ops.loop(graph, 'append', {
          count: graph.scalar(3, 'int64'),
          carried: [{ initial: x, shape: ['past'] }],
          body: (_body, _iteration, [past = x]) => ({
            carried: [ops.concat([past, ops.reduceSum(past, { axes: [0], keep: true })], 0)],
          }),
        });
        return { y: ops.first(carried) };
      },
      { x: { dtype: 'float32', shape: [2], data: Float32Array.of(1, 2) } },
    );
    expect(numbers(y)).toEqual([1, 2, 3, 6, 12]);
  });

  it('a carried value that changes its type is refused', () => {
    const graph = new Graph('loop');
    const x = graph.input('x', 'float32', ['n']);
    const build = (next: (value: Value) => Value) => (): unknown =>
      ops.loop(graph, 'bad', {
        count: graph.scalar(3, 'int64'),
        carried: [{ initial: x }],
        body: (_body, _iteration, values) => ({ carried: values.map(next) }),
      });
    expect(build((value) => ops.concat([value, value], 0))).toThrow(
      'carried value 0 enters as float32[n] and leaves as float32[2*n]',
    );
    expect(build((value) => ops.cast(value, 'int32'))).toThrow('leaves as int32[n]');
  });

  it('only the taken branch runs, nested in a loop', async () => {
    const graph = new Graph('branches');
    const x = graph.input('x', 'float32', []);
    const { carried } = ops.loop(graph, 'collatz', {
      count: graph.scalar(5, 'int64'),
      carried: [{ initial: x }],
      body: (body, iteration, [value = x]) => ({
        carried: ops.branch(
          body,
          'even',
          ops.equal(ops.modulo(iteration, 2), 0),
          (then) => [ops.multiply(then.capture(value), 3)],
          (otherwise) => [ops.negate(otherwise.capture(value))],
        ),
      }),
    });
    graph.output('y', ops.first(carried));
    const session = await TensorSession.open({ model: serialiseGraph(graph) }, { profile: true });
    const { y } = await session.run({ x: { dtype: 'float32', shape: [], data: Float32Array.of(1) } });
    expect(numbers(y)).toEqual([27]);
    const { operators } = session.profile();
    expect(operators.find(({ name }) => name === 'Mul')?.calls).toBe(3);
    expect(operators.find(({ name }) => name === 'Neg')?.calls).toBe(2);
    await session.close();
  });

  it('branches of different types are refused', () => {
    const graph = new Graph('branches');
    const x = graph.input('x', 'float32', ['n']);
    const flag = graph.input('flag', 'bool', []);
    const sum = (body: Graph): Value[] => [ops.reduceSum(body.capture(x))];
    expect(() => ops.branch(graph, 'odd', flag, sum, (body) => [body.capture(x)])).toThrow(
      'branches differ: float32[] and float32[n]',
    );
  });
});
