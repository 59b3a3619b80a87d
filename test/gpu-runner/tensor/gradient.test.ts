import { describe, expect, it } from 'vitest';
import { COMPOSITE_FORMULAS } from '../../../gpu-runner/tensor/composites.ts';
import type { DataType } from '../../../gpu-runner/tensor/data-type.ts';
import { Graph } from '../../../gpu-runner/tensor/graph.ts';
import { GRADIENT_RULES, gradients } from '../../../gpu-runner/tensor/gradient.ts';
import * as ops from '../../../gpu-runner/tensor/operators.ts';
import { serialiseGraph } from '../../../gpu-runner/tensor/serialise.ts';
import { type HostTensors, TensorSession } from '../../../gpu-runner/tensor/session.ts';
import { centralDifferences, map, type NumberArray, relativeError, sum } from '../../oracle/array.ts';
import { Draws, hostTensor, numbers, testSeed } from './engine.ts';
import { GRADIENT_CASES, type GradientCase } from './gradient-cases.ts';

const ROUNDS = 3;

interface Compiled {
  readonly session: TensorSession;
  readonly feeds: (arrays: readonly NumberArray[]) => HostTensors;
}

/** The case as loss = sum(result * weights), with the gradients of all arguments as outputs. */
async function compile(
  { arguments_, build }: ReturnType<GradientCase['make']>,
  weights: NumberArray,
  dtype: DataType,
): Promise<Compiled> {
  const graph = new Graph('case');
  const values = arguments_.map(({ shape }, index) => graph.input(`x${index}`, dtype, shape));
  const result = build(values, graph);
  expect(result.shape).toEqual(weights.shape);
  const loss = ops.reduceSum(ops.multiply(result, graph.constant(dtype, [...weights.data], weights.shape)));
  gradients(loss, values).forEach((gradient, index) => graph.output(`d${index}`, gradient));
  graph.output('loss', loss);
  const session = await TensorSession.open({ model: serialiseGraph(graph) }, { threads: 1 });
  const feeds = (arrays: readonly NumberArray[]): HostTensors =>
    Object.fromEntries(arrays.map((array, index) => [`x${index}`, hostTensor(dtype, array)]));
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

describe(`gradient rules (RLCD_TEST_SEED=${testSeed})`, () => {
  for (const gradientCase of GRADIENT_CASES) {
    it(`${gradientCase.name}: against the oracle and against central differences`, async () => {
      for (let round = 0; round < ROUNDS; round++) {
        const draws = new Draws(testSeed + round);
        const made = gradientCase.make(draws);
        const expected = made.oracle(made.arguments_);
        const weights = draws.array(expected.shape);
        const oracleLoss = (...arrays: readonly NumberArray[]): number =>
          sum([...map((a, b) => a * b, made.oracle(arrays), weights).data]);
        const oracleGradients = centralDifferences(oracleLoss, made.arguments_);

        const single = await compile(made, weights, 'float32');
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

  it('every rule and every composite has a case', () => {
    const covered = new Set(GRADIENT_CASES.flatMap(({ covers }) => covers));
    expect([...covered].sort()).toEqual(
      [...Object.keys(GRADIENT_RULES), ...Object.keys(COMPOSITE_FORMULAS)].sort(),
    );
  });
});
