/** Builds the CUDA graphs of a shape without any weights, checks them, and compares their sizes with the planner's. */
import { baseBytes } from '../../../shared/planner/model-bytes.ts';
import { checkCudaGraph, type GraphCheck } from '../../../gpu-runner/llama/cuda/check-graph.ts';
import { cudaRolloutGraph } from '../../../gpu-runner/llama/cuda/rollout-graph.ts';
import { scoringGraph, trainingStepGraph } from '../../../gpu-runner/llama/training/graphs.ts';
import { adapterLayout } from '../../../gpu-runner/llama/training/lora-layout.ts';
import { blockRowsFor } from '../../../gpu-runner/llama/training/trainer.ts';
import { serialiseGraph } from '../../../gpu-runner/tensor/serialise.ts';
import { WeightFile } from '../../../gpu-runner/llama/import/weight-file.ts';
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
export function checkGpuGraphs({ configuration, trains }: GpuShape): ShapeCheck[] {
  const layout = adapterLayout(configuration, RANK, 2 * RANK);
  const maximumPositions = PROMPT_TOKENS + NEW_TOKENS;
  const rollouts = (['fused', 'two-part'] as const).map((attention): readonly [string, Graph] => [
    `rollout, ${attention}`,
    cudaRolloutGraph({ configuration, maximumPositions, attention, adapters: { layout, groups: 1 } }),
  ]);
  const base = new WeightFile('', configuration, 'int8', '', { form: 'random', source: '', files: [] });
  base.moveToCuda('');
  const options = {
    trainable: { kind: 'adapters', base, layout, groups: 2 } as const,
    maximumTime: 300,
    blockRows: blockRowsFor(configuration),
    temperature: 1,
    productForm: 'signed' as const,
  };
  const adam = { beta1: 0.9, beta2: 0.999, epsilon: 1e-5, weightDecay: 0, epsilonForm: 'corrected' } as const;
  const steps: readonly (readonly [string, Graph])[] = trains
    ? [
        [
          'PPO step',
          trainingStepGraph(
            options,
            { kind: 'ppo', policyClip: 0.2, valueClip: 0.2 },
            { ...adam, clipNorm: 1 },
          ),
        ],
        ['scores', scoringGraph(options, 'tokens-and-scalars')],
      ]
    : [];
  const weights = baseBytes('cuda', configuration);
  return [...rollouts, ...steps].map(([graph, built]) =>
    Object.assign(
      { graph, modelBytes: serialiseGraph(built).length, plannedWeightBytes: weights },
      checkCudaGraph(built),
    ),
  );
}
