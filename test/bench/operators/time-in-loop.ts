/** What an operator takes inside a loop of the engine, where sampling spends its time. */
import { Graph, type Value } from '../../../gpu-runner/tensor/graph.ts';
import * as ops from '../../../gpu-runner/tensor/operators.ts';
import { serialiseGraph } from '../../../gpu-runner/tensor/serialise.ts';
import { TensorSession } from '../../../gpu-runner/tensor/session.ts';

const COPIES = 40;
const ITERATIONS = 1000;
const RUNS = 5;

/** Makes a value of the first input's shape from it and the other inputs. */
export type Step = (x: Value, ...others: readonly Value[]) => Value;

/**
 * Nanoseconds of a step in one thread: a loop over 41 steps in a row against a loop over one, the best of five runs each.
 *
 * @param shapes of the inputs, fp32
 */
export async function timeInLoop(shapes: readonly (readonly number[])[], step: Step): Promise<number> {
  const [one, many] = [await loopTime(shapes, step, 1), await loopTime(shapes, step, 1 + COPIES)];
  return ((many - one) * 1e6) / (ITERATIONS * COPIES);
}

/** Milliseconds of a loop whose body takes the step so many times. */
async function loopTime(shapes: readonly (readonly number[])[], step: Step, copies: number): Promise<number> {
  const graph = new Graph('operators');
  const [first, ...others] = shapes.map((shape, index) => graph.input(`x${index}`, 'float32', shape));
  if (first === undefined) throw new RangeError('A step needs an input');
  const { carried } = ops.loop(graph, 'steps', {
    count: graph.scalar(ITERATIONS, 'int64'),
    carried: [{ initial: first }],
    body: (_body, _iteration, [start = first]) => {
      let x = start;
      for (let copy = 0; copy < copies; copy++) x = step(x, ...others);
      return { carried: [Graph.detach(x, first.shape)] };
    },
  });
  graph.output('y', ops.first(carried));
  const options = { threads: 1, memoryPattern: false };
  const session = await TensorSession.open({ model: serialiseGraph(graph) }, options);
  const feeds = Object.fromEntries(
    shapes.map((shape, index) => {
      const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
      return [`x${index}`, { dtype: 'float32' as const, shape, data: data.map((_, k) => Math.sin(k + 1)) }];
    }),
  );
  let best = Infinity;
  for (let run = 0; run < RUNS; run++) {
    const started = performance.now();
    await session.run(feeds);
    best = Math.min(best, performance.now() - started);
  }
  await session.close();
  return best;
}
