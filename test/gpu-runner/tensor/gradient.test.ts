import { describe, expect, it } from 'vitest';
import { COMPOSITE_FORMULAS } from '../../../gpu-runner/tensor/composites.ts';
import type { DataType } from '../../../gpu-runner/tensor/data-type.ts';
import { Graph, type Value } from '../../../gpu-runner/tensor/graph.ts';
import { GRADIENT_RULES, gradients } from '../../../gpu-runner/tensor/gradient.ts';
import * as ops from '../../../gpu-runner/tensor/operators.ts';
import { serialiseGraph } from '../../../gpu-runner/tensor/serialise.ts';
import { type HostTensors, TensorSession } from '../../../gpu-runner/tensor/session.ts';
import { centralDifferences, map, type NumberArray, relativeError, sum } from '../../oracle/array.ts';
import { Draws, hostTensor, numbers, runOnce, testSeed } from './engine.ts';
import { COMPOSITE_CASES } from './composite-cases.ts';
import type { GradientCase } from './gradient-case.ts';
import { GRADIENT_CASES } from './gradient-cases.ts';

const CASES = [...GRADIENT_CASES, ...COMPOSITE_CASES];

const ROUNDS = 3;
const DRAWS = 8;

interface Compiled {
  readonly session: TensorSession;
  readonly feeds: (arrays: readonly NumberArray[]) => HostTensors;
}

/** The case as loss = sum(result * weights), with the gradients of all arguments as outputs. */
async function compile(
  { arguments_, build }: ReturnType<GradientCase['make']>,
  weights: NumberArray,
  dtype: DataType,
  symbolic = false,
): Promise<Compiled> {
  const graph = new Graph('case');
  const values = arguments_.map(({ shape }, index) => {
    // Sizes become names that are only bound at the run; equal sizes share one.
    const declared = symbolic ? shape.map((size) => (size === 1 ? 1 : `n${size}`)) : shape;
    return graph.input(`x${index}`, dtype, declared);
  });
  const result = build(values, graph);
  const loss = ops.reduceSum(ops.multiply(result, graph.input('weights', dtype, result.shape)));
  gradients(loss, values).forEach((gradient, index) => graph.output(`d${index}`, gradient));
  graph.output('loss', loss);
  const session = await TensorSession.open({ model: serialiseGraph(graph) }, { threads: 1 });
  const feeds = (arrays: readonly NumberArray[]): HostTensors => ({
    ...Object.fromEntries(arrays.map((array, index) => [`x${index}`, hostTensor(dtype, array)])),
    weights: hostTensor(dtype, weights),
  });
  return { session, feeds };
}

/** Central differences of the engine's own loss. */
async function engineDifferences(
  { session, feeds }: Compiled,
  arguments_: readonly NumberArray[],
): Promise<number[][]> {
  const step = 1e-5;
  const differences: number[][] = [];
  for (const [which, { shape, data }] of arguments_.entries()) {
    const slopes: number[] = [];
    for (const [position, element] of data.entries()) {
      const side = async (sign: number): Promise<number> => {
        const moved = { shape, data: data.with(position, element + sign * step) };
        const { loss } = await session.run(feeds(arguments_.with(which, moved)), ['loss']);
        return numbers(loss)[0] ?? Number.NaN;
      };
      slopes.push(((await side(1)) - (await side(-1))) / (2 * step));
    }
    differences.push(slopes);
  }
  return differences;
}

const largest = ({ data }: NumberArray): number => Math.max(...data.map(Math.abs));

/**
 * Weights of the result, the loss, and its gradients by the oracle. Weights are drawn again where all of a gradient is what
 * is left of terms that cancel: float32 keeps few digits of that, whatever the rule. Where every draw is so, it is the rule's.
 */
function weigh(made: ReturnType<GradientCase['make']>, shape: readonly number[], draws: Draws) {
  for (let left = DRAWS - 1; ; left--) {
    const weights = draws.array(shape);
    const oracleLoss = (...arrays: readonly NumberArray[]): number =>
      sum([...map((a, b) => a * b, made.oracle(arrays), weights).data]);
    const oracleGradients = centralDifferences(oracleLoss, made.arguments_);
    const cancels = oracleGradients.some((gradient) => largest(gradient) < 0.01 * largest(weights));
    if (!cancels || left === 0) return { weights, oracleLoss, oracleGradients };
  }
}

describe(`gradient rules (RLCD_TEST_SEED=${testSeed})`, () => {
  for (const gradientCase of CASES) {
    it(`${gradientCase.name}: against the oracle and against central differences`, async () => {
      for (let round = 0; round < ROUNDS; round++) {
        const draws = new Draws(testSeed + round);
        const made = gradientCase.make(draws);
        const expected = made.oracle(made.arguments_);
        const { weights, oracleLoss, oracleGradients } = weigh(made, expected.shape, draws);

        const symbolic = round > 0 && gradientCase.knownSizes !== true;
        const single = await compile(made, weights, 'float32', symbolic);
        const results = await single.session.run(single.feeds(made.arguments_));
        oracleGradients.forEach(({ data }, index) => {
          expect(relativeError(numbers(results[`d${index}`]), data)).toBeLessThan(1e-4);
        });
        await single.session.close();

        if (gradientCase.float32Only === true) continue;
        const double = await compile(made, weights, 'float64');
        const exact = await double.session.run(double.feeds(made.arguments_));
        expect(relativeError(numbers(exact['loss']), [oracleLoss(...made.arguments_)])).toBeLessThan(1e-9);
        const differences = await engineDifferences(double, made.arguments_);
        differences.forEach((slopes, index) => {
          expect(relativeError(numbers(exact[`d${index}`]), slopes)).toBeLessThan(1e-6);
        });
        await double.session.close();
      }
    });
  }

  it.each(Array.from({ length: 12 }, (_, index) => testSeed + index))(
    'random graphs, values shared and used again, against central differences: seed %i',
    async (seed) => {
      const draws = new Draws(seed);
      const recipe = Array.from({ length: 14 }, () => [
        draws.integer(0, 9),
        draws.integer(0, 99),
        draws.integer(0, 99),
      ]);
      const build = ([x, y]: readonly Value[]): Value => {
        if (x === undefined || y === undefined) throw new Error('no arguments');
        const pool = [x, y];
        for (const [kind = 0, i = 0, j = 0] of recipe) {
          // Later values are picked more often, so that graphs grow deep.
          const a = pool.at(-1 - (i % Math.min(pool.length, 4))) ?? x;
          const b = pool.at(-1 - (j % Math.min(pool.length, 6))) ?? y;
          const steps: readonly (() => Value)[] = [
            () => ops.multiply(ops.add(a, b), 0.5),
            () => ops.multiply(ops.tanh(a), ops.tanh(b)),
            () => ops.tanh(a),
            () => ops.multiply(ops.sigmoid(a), b),
            () => ops.softmax(a, i % 2),
            () => ops.tanh(ops.matMul(a, ops.matMul(b, ops.tanh(a), { transposeA: true }))),
            () => ops.subtract(a, ops.reduceMean(b, { axes: [j % 2], keep: true })),
            () => ops.concat(ops.split(b, 1, [1, 2]).toReversed(), 1),
            () => ops.slice(ops.concat([a, b], 0), [{ axis: 0, start: 1, end: 4 }]),
            () => ops.divide(a, ops.add(ops.multiply(b, b), 1)),
          ];
          pool.push(steps[kind]?.() ?? a);
        }
        // Both arguments count, whatever was drawn.
        return ops.add(pool.at(-1) ?? x, ops.multiply(x, ops.tanh(y)));
      };
      const arguments_ = [draws.array([3, 3]), draws.array([3, 3])];
      const oracle = (): NumberArray => arguments_[0] ?? draws.array([3, 3]);
      const compiled = await compile({ arguments_, build, oracle }, draws.array([3, 3]), 'float64');
      const exact = await compiled.session.run(compiled.feeds(arguments_));
      const differences = await engineDifferences(compiled, arguments_);
      differences.forEach((slopes, index) => {
        expect(relativeError(numbers(exact[`d${index}`]), slopes)).toBeLessThan(1e-6);
      });
      await compiled.session.close();
    },
  );

  it('only what leads to a wanted value is differentiated', () => {
    const graph = new Graph('frozen');
    const x = graph.input('x', 'float32', ['rows', 4]);
    const frozen = graph.input('frozen', 'float32', [4, 4]);
    const trained = graph.input('trained', 'float32', [4, 4]);
    const hidden = ops.matMul(ops.matMul(x, trained), frozen);
    const before = graph.nodes.length;
    const [gradient] = gradients(ops.reduceSum(ops.multiply(hidden, hidden)), [trained]);
    const products = graph.nodes.slice(before).filter(({ operator }) => operator === 'FusedMatMul');
    // dX of the frozen product and dW of the trained one: neither dW of the frozen nor dX of the first.
    expect(products.length).toBe(2);
    expect(gradient?.shape).toEqual([4, 4]);
  });

  it('a value used twice gets the sum, and stopGradient cuts one use', async () => {
    const outputs = await runOnce(
      (graph) => {
        const x = graph.input('x', 'float32', [2]);
        const both = gradients(ops.reduceSum(ops.add(ops.multiply(x, x), ops.multiply(x, 3))), [x]);
        const cut = gradients(ops.reduceSum(ops.multiply(ops.stopGradient(ops.exp(x)), x)), [x]);
        const scaled = gradients(ops.reduceSum(x), [x], 0.25);
        return { both: ops.first(both), cut: ops.first(cut), scaled: ops.first(scaled) };
      },
      { x: { dtype: 'float32', shape: [2], data: Float32Array.of(1, -2) } },
    );
    expect(numbers(outputs['both'])).toEqual([5, -1]);
    expect(relativeError(numbers(outputs['cut']), [Math.exp(1), Math.exp(-2)])).toBeLessThan(1e-6);
    expect(numbers(outputs['scaled'])).toEqual([0.25, 0.25]);
  });

  it('a composite replaces the rules inside: rounding with a straight-through gradient', async () => {
    const straightRound = (x: Value): Value =>
      ops.first(
        Graph.composite(
          'StraightRound',
          [x],
          () => [ops.round(x)],
          ({ outputGradients }) => outputGradients,
        ),
      );
    const outputs = await runOnce(
      (graph) => {
        const x = graph.input('x', 'float32', [3]);
        const rounded = straightRound(ops.multiply(x, 2));
        const [gradient] = gradients(ops.reduceSum(ops.multiply(rounded, rounded)), [x]);
        return { rounded, gradient: gradient ?? x };
      },
      { x: { dtype: 'float32', shape: [3], data: Float32Array.of(0.3, 0.8, -1.4) } },
    );
    expect(numbers(outputs['rounded'])).toEqual([1, 2, -3]);
    expect(numbers(outputs['gradient'])).toEqual([4, 8, -12]);
  });

  it('ties: Max and Min give all to the first operand, ReduceMax and ReduceMin share', async () => {
    const outputs = await runOnce(
      (graph) => {
        const x = graph.input('x', 'float32', [4]);
        const y = ops.add(x, 0);
        const of = (loss: Value, value: Value): Value => ops.first(gradients(ops.reduceSum(loss), [value]));
        return {
          first: of(ops.maximum(x, y), y),
          second: of(ops.minimum(ops.stopGradient(x), y), y),
          most: of(ops.reduceMax(x), x),
          least: of(ops.multiply(ops.reduceMin(x, { axes: [0], keep: true }), 6), x),
        };
      },
      { x: { dtype: 'float32', shape: [4], data: Float32Array.of(2, -1, 2, -1) } },
    );
    expect(numbers(outputs['first'])).toEqual([0, 0, 0, 0]);
    expect(numbers(outputs['second'])).toEqual([0, 0, 0, 0]);
    expect(numbers(outputs['most'])).toEqual([0.5, 0, 0.5, 0]);
    expect(numbers(outputs['least'])).toEqual([0, 3, 0, 3]);
  });

  // Small whole numbers: their sums are exact in any order, so one lost addition shows.
  const PICKS = 12_500;
  const WIDTH = 64;
  const repeats: readonly {
    name: string;
    shape: readonly number[];
    /** the index tuple of a pick */
    tuple: (row: number) => number[];
    pick: (x: Value, indices: Value) => Value;
  }[] = [
    {
      name: 'Gather',
      shape: [6, WIDTH],
      tuple: (row) => [row % 5],
      pick: (x, indices) => ops.gather(x, ops.squeeze(indices, [1])),
    },
    {
      name: 'GatherElements',
      shape: [6, WIDTH],
      tuple: (row) => [row % 5],
      pick: (x, indices) => ops.gatherElements(x, ops.expand(indices, [PICKS, WIDTH]), 0),
    },
  ];
  it.each(repeats)(
    '$name: 12,500 picks of few rows lose no addition, in two threads, 20 times',
    async ({ shape, tuple, pick }) => {
      const tuples = Array.from({ length: PICKS }, (_, row) => tuple(row));
      const added = Float32Array.from({ length: PICKS * WIDTH }, (_, index) => (index % 13) - 4);
      const graph = new Graph('repeats');
      const x = graph.input('x', 'float32', shape);
      const indices = graph.constant('int64', tuples.flat(), [PICKS, tuples[0]?.length ?? 0]);
      const picked = pick(x, indices);
      const weights = graph.input('weights', 'float32', [PICKS, WIDTH]);
      const loss = ops.reduceSum(ops.multiply(picked, weights));
      graph.output('gradient', ops.first(gradients(loss, [x])));
      const expected = Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => 0);
      tuples.forEach((place, row) => {
        const flat = place.reduce((before, index, axis) => {
          const size = shape[axis] ?? 1;
          return before * size + ((index + size) % size);
        }, 0);
        for (let column = 0; column < WIDTH; column++) {
          expected[flat * WIDTH + column] =
            (expected[flat * WIDTH + column] ?? 0) + (added[row * WIDTH + column] ?? 0);
        }
      });
      const session = await TensorSession.open({ model: serialiseGraph(graph) }, { threads: 2 });
      const feeds: HostTensors = {
        x: { dtype: 'float32', shape, data: new Float32Array(expected.length) },
        weights: { dtype: 'float32', shape: [PICKS, WIDTH], data: added },
      };
      for (let repeat = 0; repeat < 20; repeat++)
        expect(numbers((await session.run(feeds))['gradient'])).toEqual(expected);
      await session.close();
    },
  );

  it('errors name what is missing', () => {
    const graph = new Graph('errors');
    const x = graph.input('x', 'float32', [2]);
    const y = graph.input('y', 'float32', [2]);
    expect(() => gradients(x, [x])).toThrow('The loss must be a scalar, it is [2]');
    expect(() => gradients(ops.reduceSum(x), [y])).toThrow('does not depend on y');
    expect(() => gradients(ops.reduceSum(ops.round(x)), [x])).toThrow('Round has no gradient rule');
    const wrong = Graph.composite(
      'Wrong',
      [x],
      () => [ops.exp(x)],
      () => [ops.reduceSum(x)],
    );
    expect(() => gradients(ops.reduceSum(ops.first(wrong)), [x])).toThrow(
      'Wrong: the rule gave float32[] as gradient of float32[2]',
    );
  });

  it('every rule and every composite has a case', () => {
    const covered = new Set(CASES.flatMap(({ covers }) => covers));
    expect([...covered].sort()).toEqual(
      [...Object.keys(GRADIENT_RULES), ...Object.keys(COMPOSITE_FORMULAS)].sort(),
    );
  });
});
