/** One case per gradient rule: random shapes, the graph it builds, and the same function in the oracle. */
import type { Graph, Value } from '../../../gpu-runner/tensor/graph.ts';
import * as ops from '../../../gpu-runner/tensor/operators.ts';
import {
  at,
  fold,
  logSumExp,
  map,
  matrixProduct,
  type NumberArray,
  reorder,
  sum,
  tabulate,
} from '../../oracle/array.ts';
import type { Draws } from './engine.ts';
import { argument, type GradientCase, MISSING, value } from './gradient-case.ts';

/** A random shape and one that broadcasts with it. */
function broadcastPair(draws: Draws): [number[], number[]] {
  const shape = Array.from({ length: draws.integer(1, 4) }, () => draws.integer(1, 4));
  const other = shape
    .map((size) => (draws.integer(0, 1) === 0 ? 1 : size))
    .slice(draws.integer(0, shape.length - 1));
  return draws.integer(0, 1) === 0 ? [shape, other] : [other, shape];
}

function binaryCase(
  operator: string,
  build: (a: Value, b: Value) => Value,
  oracle: (a: number, b: number) => number,
  prepare: (x: number) => number = (x) => x,
  prepareOther = prepare,
): GradientCase {
  return {
    covers: [operator],
    name: `${operator} with broadcasting`,
    make: (draws) => {
      const [left, right] = broadcastPair(draws);
      return {
        arguments_: [draws.array(left, prepare), draws.array(right, prepareOther)],
        build: (values) => build(value(values, 0), value(values, 1)),
        oracle: (arrays) => map(oracle, ...arrays),
      };
    },
  };
}

function unaryCase(
  operator: string,
  build: (x: Value) => Value,
  oracle: (x: number) => number,
  prepare: (x: number) => number = (x) => x,
): GradientCase {
  return {
    covers: [operator],
    name: operator,
    make: (draws) => ({
      arguments_: [draws.array([draws.integer(1, 4), draws.integer(1, 5)], prepare)],
      build: (values) => build(value(values, 0)),
      oracle: (arrays) => map(oracle, argument(arrays, 0)),
    }),
  };
}

/** Away from zero, where kinks are. */
const awayFromZero = (x: number): number => x + Math.sign(x) * 0.1;
/** Two grids that never meet, for operators with a kink where operands are equal. */
const onGrid = (x: number): number => Math.round(x * 10) / 10;
const betweenGrid = (x: number): number => onGrid(x) + 0.05;
const positive = (x: number): number => 0.5 + Math.abs(x);

/** No two elements closer than a thousandth, so that the largest stays the largest. */
function distinct({ shape, data }: NumberArray): NumberArray {
  return { shape, data: data.map((element, index) => onGrid(element) + index / 1000) };
}

function reduceCase(
  operator: string,
  build: (x: Value, options: ops.ReduceOptions) => Value,
  oracle: (elements: readonly number[]) => number,
): GradientCase {
  return {
    covers: [operator],
    name: operator,
    make: (draws) => {
      const shape = [draws.integer(1, 3), draws.integer(1, 4), draws.integer(1, 3)];
      const axes = [[0], [1], [2], [0, 2], [0, 1, 2]][draws.integer(0, 4)] ?? [0];
      const keep = draws.integer(0, 1) === 1;
      return {
        arguments_: [distinct(draws.array(shape))],
        build: (values) => build(value(values, 0), { axes, keep }),
        oracle: (arrays) => fold(argument(arrays, 0), axes, keep, oracle),
      };
    },
  };
}

function productCase(
  name: string,
  leftLead: number[],
  rightLead: number[],
  options: ops.ProductOptions,
): GradientCase {
  const turned = (x: NumberArray, swap: boolean | undefined): NumberArray => {
    const axes = x.shape.map((_, axis) => axis);
    return swap === true ? reorder(x, [...axes.slice(0, -2), axes.length - 1, axes.length - 2]) : x;
  };
  return {
    covers: Object.keys(options).length === 0 ? ['MatMul'] : ['FusedMatMul'],
    name,
    make: (draws) => {
      const [m, k, n] = [draws.integer(1, 4), draws.integer(1, 5), draws.integer(1, 4)];
      const a = [...leftLead, ...(options.transposeA === true ? [k, m] : [m, k])];
      const b = [...rightLead, ...(options.transposeB === true ? [n, k] : [k, n])];
      return {
        arguments_: [draws.array(a), draws.array(b)],
        build: (values) => ops.matMul(value(values, 0), value(values, 1), options),
        oracle: (arrays) => {
          const product = matrixProduct(
            turned(argument(arrays, 0), options.transposeA),
            turned(argument(arrays, 1), options.transposeB),
          );
          return map((element) => element * (options.scale ?? 1), product);
        },
      };
    },
  };
}

/** Cases that speak of sizes in numbers. */
const SIZED = new Set(['Reshape', 'Expand', 'Split', 'Squeeze', 'GatherElements', 'Slice']);

/** A case of one argument whose shape matters. */
function shapeCase(
  covers: string,
  shape: readonly number[],
  build: (x: Value, graph: Graph) => Value,
  oracle: (x: NumberArray) => NumberArray,
  name = covers,
): GradientCase {
  return {
    covers: [covers],
    name,
    ...(SIZED.has(covers) ? { knownSizes: true } : {}),
    make: (draws) => ({
      arguments_: [draws.array(shape)],
      build: (values, graph) => build(value(values, 0), graph),
      oracle: (arrays) => oracle(argument(arrays, 0)),
    }),
  };
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const reshaped = (x: NumberArray, shape: readonly number[]): NumberArray => ({ shape, data: x.data });

function gatherCase(axis: number, indexShape: readonly number[]): GradientCase {
  return {
    covers: ['Gather'],
    name: `Gather, axis ${axis}, indices of rank ${indexShape.length}, repeated`,
    make: (draws) => {
      const shape = [draws.integer(2, 4), draws.integer(2, 4), draws.integer(2, 3)];
      const indices = tabulate(indexShape, () => draws.integer(0, (shape[axis] ?? 1) - 1));
      const rank = indexShape.length;
      return {
        arguments_: [draws.array(shape)],
        build: (values, graph) =>
          ops.gather(value(values, 0), graph.constant('int64', [...indices.data], indexShape), axis),
        oracle: (arrays) =>
          tabulate([...shape.slice(0, axis), ...indexShape, ...shape.slice(axis + 1)], (index) =>
            at(argument(arrays, 0), [
              ...index.slice(0, axis),
              at(indices, index.slice(axis, axis + rank)),
              ...index.slice(axis + rank),
            ]),
          ),
      };
    },
  };
}

export const GRADIENT_CASES: readonly GradientCase[] = [
  binaryCase('Add', ops.add, (a, b) => a + b),
  binaryCase('Sub', ops.subtract, (a, b) => a - b),
  binaryCase('Mul', ops.multiply, (a, b) => a * b),
  binaryCase('Div', ops.divide, (a, b) => a / b, positive),
  binaryCase('Min', ops.minimum, Math.min, onGrid, betweenGrid),
  binaryCase('Max', ops.maximum, Math.max, onGrid, betweenGrid),
  unaryCase('Neg', ops.negate, (x) => -x),
  unaryCase('Abs', ops.absolute, Math.abs, awayFromZero),
  unaryCase('Exp', ops.exp, Math.exp),
  unaryCase('Log', ops.log, Math.log, positive),
  unaryCase('Sqrt', ops.sqrt, Math.sqrt, positive),
  unaryCase('Reciprocal', ops.reciprocal, (x) => 1 / x, positive),
  unaryCase(
    'Pow',
    (x) => ops.power(x, 2),
    (x) => x ** 2,
  ),
  unaryCase(
    'Pow',
    (x) => ops.power(x, 2.5),
    (x) => x ** 2.5,
    positive,
  ),
  unaryCase('Sigmoid', ops.sigmoid, sigmoid),
  unaryCase('Tanh', ops.tanh, Math.tanh),
  { ...unaryCase('Softplus', ops.softplus, (x) => Math.log1p(Math.exp(x))), float32Only: true },
  unaryCase(
    'Clip',
    (x) => ops.clip(x, -0.7, 0.6),
    (x) => Math.min(Math.max(x, -0.7), 0.6),
    betweenGrid,
  ),
  unaryCase(
    'Identity',
    (x) => ops.multiply(ops.emitOne('Identity', [x], x), x),
    (x) => x * x,
  ),
  {
    covers: ['Cast'],
    name: 'Cast to the other width and back',
    float32Only: true,
    make: (draws) => ({
      arguments_: [draws.array([3, 2])],
      build: ([x]) => {
        if (x === undefined) throw new Error('no argument');
        return ops.cast(ops.exp(ops.cast(x, 'float64')), x.dtype);
      },
      oracle: (arrays) => map(Math.exp, argument(arrays, 0)),
    }),
  },
  {
    covers: ['Where'],
    knownSizes: true,
    name: 'Where with a mask, broadcasting',
    make: (draws) => {
      const shape = [draws.integer(1, 3), draws.integer(1, 4), draws.integer(1, 3)];
      const mask = tabulate(shape.slice(1), () => draws.integer(0, 1));
      return {
        arguments_: [draws.array(shape), draws.array([1, shape[2] ?? 1])],
        build: (values, graph) =>
          ops.where(graph.constant('bool', [...mask.data], mask.shape), value(values, 0), value(values, 1)),
        oracle: (arrays) => map((m, a, b) => (m === 1 ? a : b), mask, ...arrays),
      };
    },
  },
  productCase('MatMul, matrices', [], [], {}),
  productCase('MatMul, rows of a batch by one weight', [2, 3], [], {}),
  productCase('MatMul, batches', [2, 3], [2, 3], {}),
  productCase('MatMul, broadcast batches', [3, 1], [2], {}),
  productCase('FusedMatMul, B transposed', [2], [2], { transposeB: true, scale: 0.375 }),
  productCase('FusedMatMul, A transposed', [2], [2], { transposeA: true }),
  productCase('FusedMatMul, both transposed', [], [], { transposeA: true, transposeB: true }),
  productCase('FusedMatMul, batch by one transposed weight', [2, 2], [], { transposeB: true }),
  productCase('FusedMatMul, transposed batch by one weight', [2, 2], [], { transposeA: true }),
  ...[0, 1, -1].flatMap((axis): GradientCase[] => {
    const positiveAxis = axis < 0 ? 2 : axis;
    const softened = (x: NumberArray): NumberArray => map((a, b) => a - b, x, logSumExp(x, positiveAxis));
    return [
      shapeCase(
        'Softmax',
        [3, 4, 5],
        (x) => ops.softmax(x, axis),
        (x) => map(Math.exp, softened(x)),
        `Softmax, axis ${axis}`,
      ),
    ];
  }),
  reduceCase('ReduceSum', ops.reduceSum, sum),
  reduceCase('ReduceMean', ops.reduceMean, (elements) => sum(elements) / elements.length),
  reduceCase('ReduceMax', ops.reduceMax, (elements) => Math.max(...elements)),
  reduceCase('ReduceMin', ops.reduceMin, (elements) => Math.min(...elements)),
  shapeCase(
    'Reshape',
    [2, 6],
    (x) => ops.reshape(x, [3, 4]),
    (x) => reshaped(x, [3, 4]),
  ),
  shapeCase(
    'Squeeze',
    [2, 1, 3, 1],
    (x) => ops.squeeze(x, [1, -1]),
    (x) => reshaped(x, [2, 3]),
  ),
  shapeCase(
    'Unsqueeze',
    [2, 3],
    (x) => ops.unsqueeze(x, [0, -1]),
    (x) => reshaped(x, [1, 2, 3, 1]),
  ),
  shapeCase(
    'Expand',
    [2, 1, 3],
    (x) => ops.expand(x, [4, 2, 5, 3]),
    (x) =>
      map(
        (a) => a,
        x,
        tabulate([4, 2, 5, 3], () => 0),
      ),
  ),
  shapeCase(
    'Transpose',
    [2, 3, 4],
    (x) => ops.transpose(x, [2, 0, 1]),
    (x) => reorder(x, [2, 0, 1]),
  ),
  shapeCase(
    'Slice',
    [4, 5],
    (x) =>
      ops.slice(x, [
        { axis: 0, start: 1, end: -1 },
        { axis: 1, start: -3 },
      ]),
    (x) => tabulate([2, 3], ([i = 0, j = 0]) => at(x, [i + 1, j + 2])),
  ),
  shapeCase(
    'Split',
    [2, 6],
    (x) => {
      const [left, middle] = ops.split(x, 1, [2, 2, 2]);
      if (left === undefined || middle === undefined) throw new Error('no parts');
      return ops.multiply(left, middle);
    },
    (x) => tabulate([2, 2], ([i = 0, j = 0]) => at(x, [i, j]) * at(x, [i, j + 2])),
    'Split with an unused part',
  ),
  {
    covers: ['Concat'],
    name: 'Concat',
    make: (draws) => {
      const [first, second] = [draws.integer(1, 3), draws.integer(1, 3)];
      return {
        arguments_: [draws.array([2, first, 2]), draws.array([2, second, 2])],
        build: (values) => ops.concat(values, 1),
        oracle: ([a = MISSING, b = MISSING]) =>
          tabulate([2, first + second, 2], ([i = 0, j = 0, k = 0]) =>
            j < first ? at(a, [i, j, k]) : at(b, [i, j - first, k]),
          ),
      };
    },
  },
  gatherCase(0, [2, 4]),
  gatherCase(1, [5]),
  gatherCase(2, [2, 2]),
  gatherCase(1, []),
  shapeCase(
    'GatherElements',
    [3, 4],
    (x, graph) => ops.gatherElements(x, graph.constant('int64', [1, 1, 3, 0, 2, 2], [3, 2]), 1),
    (x) => tabulate([3, 2], ([i = 0, j = 0]) => at(x, [i, [1, 1, 3, 0, 2, 2][i * 2 + j] ?? 0])),
  ),
];
