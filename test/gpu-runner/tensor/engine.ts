/** What the tensor tests share: random arrays with a printed seed, and one run of a built graph. */
import { normal } from '../../../shared/random.ts';
import type { DataType } from '../../../gpu-runner/tensor/data-type.ts';
import { dataFromNumbers } from '../../../gpu-runner/tensor/data-type.ts';
import { Graph, type Value } from '../../../gpu-runner/tensor/graph.ts';
import { serialiseGraph } from '../../../gpu-runner/tensor/serialise.ts';
import { type HostTensor, type HostTensors, TensorSession } from '../../../gpu-runner/tensor/session.ts';
import { type NumberArray, tabulate } from '../../oracle/array.ts';

/** The seed of this test run; set RLCD_TEST_SEED to repeat one. */
export const testSeed = Number(process.env['RLCD_TEST_SEED'] ?? Math.floor(Date.now() % 1_000_000));

/** A source of normal numbers and of small integers. */
export class Draws {
  readonly #seed: number;
  #counter = 0;

  constructor(seed: number) {
    this.#seed = seed;
  }

  normal(): number {
    return normal(this.#seed, 0, this.#counter++);
  }

  integer(low: number, high: number): number {
    const spread = high - low + 1;
    return low + (Math.floor(Math.abs(this.normal()) * 1009) % spread);
  }

  array(shape: readonly number[], f: (x: number) => number = (x) => x): NumberArray {
    return tabulate(shape, () => f(this.normal()));
  }
}

/** Numbers as a tensor of the engine. */
export function hostTensor(dtype: DataType, { shape, data }: NumberArray): HostTensor {
  return { dtype, shape, data: dataFromNumbers(dtype, [...data]) };
}

/** A tensor's elements as numbers. */
export function numbers(tensor: HostTensor | undefined): number[] {
  if (tensor === undefined) throw new Error('The engine gave no such output');
  return Array.from(tensor.data, Number);
}

/** Builds a graph, runs it once and returns all its outputs. */
export async function runOnce(
  build: (graph: Graph) => Readonly<Record<string, Value>>,
  feeds: HostTensors,
): Promise<HostTensors> {
  const graph = new Graph('test');
  for (const [name, value] of Object.entries(build(graph))) graph.output(name, value);
  const session = await TensorSession.open({ model: serialiseGraph(graph) }, { threads: 1 });
  try {
    return await session.run(feeds);
  } finally {
    await session.close();
  }
}
