/** Runs a gradient's graph once and returns its gradient: what the trainers keep to themselves. */
import type { HostTensors } from '../../../../gpu-runner/tensor/session.ts';
import { float32 } from '../../../../gpu-runner/llama/trainer/batch.ts';
import { type Objective, gradientGraph } from '../../../../gpu-runner/llama/trainer/graphs.ts';
import type { Trainable } from '../../../../gpu-runner/llama/trainer/graphs.ts';
import { openGraph } from '../../../../gpu-runner/llama/trainer/lanes.ts';
import { graphOptions } from '../../../../gpu-runner/llama/trainer/trainer.ts';

/** Loss, gradient [G, P] and scored outputs of one micro-batch. */
export async function gradientOf(
  trainable: Trainable,
  objective: Objective,
  feeds: HostTensors,
  vectors: Float32Array,
  maximumTime: number,
  temperature = 1,
): Promise<Readonly<Record<string, Float32Array>>> {
  const groups = trainable.kind === 'full' ? 1 : trainable.groups;
  const shape = [groups, vectors.length / groups];
  const zeros = float32(shape, new Float32Array(vectors.length));
  const graph = gradientGraph(graphOptions(trainable, maximumTime, temperature), objective);
  const session = await openGraph(graph, trainable, { threads: 1 });
  try {
    const results = await session.run({
      ...feeds,
      parameters: float32(shape, vectors),
      accumulated: zeros,
    });
    return Object.fromEntries(
      Object.entries(results).map(([name, { data }]) => [name, Float32Array.from(data, Number)]),
    );
  } finally {
    await session.close();
  }
}
