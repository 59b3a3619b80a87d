/** The CPU's backend: exact 8-bit products in the form that this processor multiplies fastest. */
import { availableParallelism } from 'node:os';
import {
  ASSUMED_CPU_RATE,
  chunkSteps,
  replicaCount,
  replicaThreads,
} from '../../../../shared/planner/cpu-sampler.ts';
import { partTokens } from '../../../../shared/planner/step-parts.ts';
import type { Backend } from '../../model/backend.ts';
import type { BaseFile } from '../../weights/base-file.ts';
import { cpuAdaptedModel } from './adapted-model.ts';
import { prepareBackward } from './backward-file.ts';
import type { CpuBase } from './cpu-weights.ts';
import { fastestExactProduct } from './exact-product.ts';
import { backwardForm } from './input-gradient.ts';
import { cpuRolloutGraph } from './rollout-graph.ts';
import { prepareUnsigned } from './unsigned-file.ts';

/** The backend of a base on this processor, with the base's files made ready for it. */
export async function openCpuBackend(base: BaseFile): Promise<Backend> {
  const exactProduct = await fastestExactProduct();
  const hasUnsignedFile = exactProduct === 'unsigned' && (await prepareUnsigned(base));
  return cpuBackend({ base, exactProduct, hasUnsignedFile });
}

/** The same for a product form that is known. */
export function cpuBackend(cpuBase: CpuBase): Backend {
  const { base } = cpuBase;
  const { architecture, folder } = base;
  const backend: Backend = {
    architecture,
    folder,
    partTokens: partTokens(architecture),
    // Planning the memory of a run ahead would keep a second set of all activations.
    trainingSession: { memoryPattern: false },
    adaptedModel: (graph, options) => cpuAdaptedModel(graph, cpuBase, options),
    forTraining: async () => {
      const backward = cpuBase.backward ?? backwardForm(architecture);
      if (base.precision !== 'int8' || backward === 'exact') return backend;
      await prepareBackward(base, cpuBase.exactProduct);
      return cpuBackend({ ...cpuBase, backward });
    },
    planRollout: ({ rows, ...options }, session) => {
      const weights = base.regions.reduce((sum, { length }) => sum + length, 0);
      const threads = session.threads ?? availableParallelism();
      const replicas = session.profile === true ? 1 : replicaCount(weights, rows, threads);
      const each = replicaThreads(weights, replicas, threads);
      return {
        graph: cpuRolloutGraph(cpuBase, options),
        session: {
          // Every step has other sizes: a plan of a step's memory would never be used twice.
          memoryPattern: false,
          ...session,
          // A session that gets all threads is left to the engine, which takes one a physical core unless told.
          ...(each === threads ? {} : { threads: each }),
        },
        replicas,
        cacheType: 'float32',
        chunkSteps: chunkSteps(architecture),
        assumedRate: ASSUMED_CPU_RATE,
      };
    },
  };
  return backend;
}
