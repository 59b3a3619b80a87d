/** Builds the CUDA graphs of a shape without any weights, checks them, and compares their sizes with the planner's. */
import { cudaBackend } from '../../../gpu-runner/llama/backends/cuda/cuda-backend.ts';
import { baseBytes, vocabularyBlock } from '../../../shared/planner/model-bytes.ts';
import { checkCudaGraph, type GraphCheck } from './check-graph.ts';
import { cudaRolloutGraph } from '../../../gpu-runner/llama/backends/cuda/rollout-graph.ts';
import { forwardGraph, gradientGraph } from '../../../gpu-runner/llama/trainer/graphs.ts';
import { adapterLayout } from '../../../gpu-runner/llama/model/lora-layout.ts';
import { serialiseGraph } from '../../../gpu-runner/tensor/serialise.ts';
import type { Graph } from '../../../gpu-runner/tensor/graph.ts';
import { type GpuShape, NEW_TOKENS, PROMPT_TOKENS, RANK } from './shapes.ts';

/** What one graph of a shape came to. */
interface ShapeCheck extends GraphCheck {
  readonly graph: string;
  /** bytes of the model file, which holds no weights */
  readonly modelBytes: number;
  /** the planner's figure for the weights that this graph reads, bytes */
  readonly plannedWeightBytes: number;
}

/** All graphs of the shape that one card is asked for. */
export function checkGpuGraphs({ architecture, trains }: GpuShape): ShapeCheck[] {
  const layout = adapterLayout(architecture, RANK, 2 * RANK);
  const maximumPositions = PROMPT_TOKENS + NEW_TOKENS;
  const rollouts = (['fused', 'two-part'] as const).map((attention): readonly [string, Graph] => [
    `rollout, ${attention}`,
    cudaRolloutGraph({ architecture, isTurned: true }, attention, {
      maximumPositions,
      adapters: { layout, groups: 1 },
    }),
  ]);
  const options = {
    trainable: {
      kind: 'adapters',
      backend: cudaBackend({ architecture, isTurned: true }, ''),
      layout,
      groups: 2,
    } as const,
    maximumTime: 300,
    blockRows: vocabularyBlock(architecture),
    temperature: 1,
  };
  const steps: readonly (readonly [string, Graph])[] = trains
    ? [
        ['PPO gradient', gradientGraph(options, { kind: 'ppo', policyClip: 0.2, valueClip: 0.2 })],
        ['scores', forwardGraph(options, 'tokens-and-scalars')],
      ]
    : [];
  const weights = baseBytes('cuda', architecture);
  return [...rollouts, ...steps].map(([graph, built]) =>
    Object.assign(
      { graph, modelBytes: serialiseGraph(built).length, plannedWeightBytes: weights },
      checkCudaGraph(built),
    ),
  );
}
