/** The CUDA backend: fp16 activations over the 8-bit weights of a base in its CUDA form. */
import type { Backend } from '../../model/backend.ts';
import { cudaAdaptedModel } from './adapted-model.ts';
import { decodeAttentionFor } from './decode-attention.ts';
import { assertRunsOnCuda, assertWindowsHold } from './cuda-limits.ts';
import type { CudaBase } from './cuda-weights.ts';
import { CUDA_CHUNK_STEPS, cudaRolloutGraph, type DecodeAttention } from './rollout-graph.ts';

const ASSUMED_RATE = 1e14;

/**
 * @param folder with the base in its CUDA form (see {@link openCudaBase})
 * @param attention of decoding steps; by rows and positions unless given
 */
export function cudaBackend(base: CudaBase, folder: string, attention?: DecodeAttention): Backend {
  const { architecture } = base;
  assertRunsOnCuda(architecture);
  const backend: Backend = {
    architecture,
    folder,
    trainingSession: { memoryPattern: false, device: 'cuda' },
    adaptedModel: (graph, options) => cudaAdaptedModel(graph, base, options),
    forTraining: () => Promise.resolve(backend),
    planRollout: ({ rows, ...options }, session) => {
      assertWindowsHold(architecture, options.maximumPositions);
      return {
        graph: cudaRolloutGraph(
          base,
          attention ?? decodeAttentionFor(architecture, rows, options.maximumPositions),
          options,
        ),
        session: { device: 'cuda', ...session },
        replicas: 1,
        cacheType: 'float16',
        chunkSteps: CUDA_CHUNK_STEPS,
        assumedRate: ASSUMED_RATE,
      };
    },
  };
  return backend;
}
