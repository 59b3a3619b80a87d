/** Runs a training step's graph once and returns its gradient: what the trainers keep to themselves. */
import type { HostTensors } from '../../../../gpu-runner/tensor/session.ts';
import { float32 } from '../../../../gpu-runner/llama/trainer/batch.ts';
import { type Objective, trainingStepGraph } from '../../../../gpu-runner/llama/trainer/graphs.ts';
import type { Trainable } from '../../../../gpu-runner/llama/trainer/graphs.ts';
import { openGraph } from '../../../../gpu-runner/llama/trainer/step-runner.ts';
import { graphOptions } from '../../../../gpu-runner/llama/trainer/trainer.ts';
import { adam } from './fixtures.ts';

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
  const graph = trainingStepGraph(graphOptions(trainable, maximumTime, temperature), objective, adam);
  const session = await openGraph(graph, trainable, { threads: 1 });
  try {
    const results = await session.run({
      ...feeds,
      parameters: float32(shape, vectors),
      firstMoments: zeros,
      secondMoments: zeros,
      accumulated: zeros,
      learningRates: float32([groups, 1], new Float32Array(groups).fill(0.1)),
      step: float32([], Float32Array.of(1)),
    });
    return Object.fromEntries(
      Object.entries(results).map(([name, { data }]) => [name, Float32Array.from(data, Number)]),
    );
  } finally {
    await session.close();
  }
}
