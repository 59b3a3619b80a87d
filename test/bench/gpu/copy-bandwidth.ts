/** The card's own copy speed: what the roofline share is measured against. */
import { Graph } from '../../../gpu-runner/tensor/graph.ts';
import * as ops from '../../../gpu-runner/tensor/operators.ts';
import { full } from '../../../gpu-runner/tensor/operators.ts';
import { serialiseGraph } from '../../../gpu-runner/tensor/serialise.ts';
import { TensorSession } from '../../../gpu-runner/tensor/session.ts';

const ELEMENTS = 2 ** 28;
const FEW = 4;
const MANY = 104;

/**
 * Bytes a second that one operator reads and writes: a loop that negates 1 GiB of fp32 numbers, timed for many and for few
 * rounds, so that what comes before and after falls out.
 */
export async function copyBandwidth(): Promise<number> {
  const graph = new Graph('copy-bandwidth');
  const rounds = graph.input('rounds', 'int64', []);
  const x = full(graph, 1, 'float32', [ELEMENTS]);
  const { carried } = ops.loop(graph, 'rounds', {
    count: rounds,
    carried: [{ initial: x }],
    body: (_body, _iteration, now) => ({ carried: now.map((value) => ops.negate(value)) }),
  });
  graph.output('first', ops.slice(ops.first(carried), [{ axis: 0, start: 0, end: 1 }]));
  const session = await TensorSession.open({ model: serialiseGraph(graph) }, { device: 'cuda' });
  const time = async (count: number): Promise<number> => {
    const started = performance.now();
    await session.run({ rounds: { dtype: 'int64', shape: [], data: BigInt64Array.of(BigInt(count)) } });
    return performance.now() - started;
  };
  await time(FEW);
  let best = Infinity;
  for (let repeat = 0; repeat < 3; repeat++) best = Math.min(best, (await time(MANY)) - (await time(FEW)));
  await session.close();
  return (2 * 4 * ELEMENTS * (MANY - FEW)) / (best / 1000);
}
