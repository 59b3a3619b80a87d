/** Which form a rollout takes on the device that the base is on: graph, files, cache types, how it is cut. */
import { ASSUMED_CPU_RATE, chunkSteps } from '../../../shared/planner/cpu-sampler.ts';
import type { DataType } from '../../tensor/data-type.ts';
import type { Graph } from '../../tensor/graph.ts';
import type { SessionOptions } from '../../tensor/session.ts';
import { decodeAttentionFor } from './cuda/decode-attention.ts';
import { CUDA_CHUNK_STEPS, cudaRolloutGraph, type DecodeAttention } from './cuda/rollout-graph.ts';
import type { BaseFile } from '../weights/base-file.ts';
import { productFormFor } from './cpu/eight-bit-linear.ts';
import type { AdapterLayout } from '../model/lora-layout.ts';
import { rolloutGraph } from './cpu/rollout-graph.ts';

/** What a rollout is built for. */
interface RolloutOptions {
  readonly base: BaseFile;
  readonly adapters?: { readonly layout: AdapterLayout; readonly groups: number };
  readonly maximumPositions: number;
  /** rows of most runs: on CUDA they decide how steps attend */
  readonly rows: number;
  readonly attention?: DecodeAttention;
}

export interface RolloutForm {
  readonly graph: Graph;
  /** where its weights stand */
  readonly folder: string;
  readonly session: SessionOptions;
  readonly cacheType: DataType;
  /** steps between which runs may be cut */
  readonly chunkSteps: number;
  /** multiplications and additions a second that such a device is taken to reach before it is measured */
  readonly assumedRate: number;
}

const CUDA_RATE = 1e14;

/** The form for the device that the base is on. */
export async function rolloutForm({
  base,
  rows,
  attention,
  ...options
}: RolloutOptions): Promise<RolloutForm> {
  const { architecture, folder, cudaFolder } = base;
  if (cudaFolder === undefined) {
    return {
      graph: rolloutGraph({ base, form: await productFormFor(base), ...options }),
      folder,
      // Every step has other sizes: a plan of a step's memory would never be used twice.
      session: { memoryPattern: false },
      cacheType: 'float32',
      chunkSteps: chunkSteps(architecture),
      assumedRate: ASSUMED_CPU_RATE,
    };
  }
  const attends = attention ?? decodeAttentionFor(architecture, rows, options.maximumPositions);
  return {
    graph: cudaRolloutGraph({ architecture, attention: attends, ...options }),
    folder: cudaFolder,
    session: { device: 'cuda' },
    cacheType: 'float16',
    chunkSteps: CUDA_CHUNK_STEPS,
    assumedRate: CUDA_RATE,
  };
}
