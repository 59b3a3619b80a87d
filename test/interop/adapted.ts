/** A made-up adapter of a base: its artifact as a runner would put it, and what our own forms make of it. */
import { openCpuBackend } from '../../gpu-runner/llama/backends/cpu/cpu-backend.ts';
import type { Adapter } from '../../gpu-runner/llama/model/adapter.ts';
import { adapterFromVector, adapterLayout } from '../../gpu-runner/llama/model/lora-layout.ts';
import { ForwardPass } from '../../gpu-runner/llama/trainer/forward-pass.ts';
import { encodeAdapter } from '../../gpu-runner/llama/weights/adapter-files.ts';
import type { BaseFile } from '../../gpu-runner/llama/weights/base-file.ts';
import { type AdapterSource, adapterSourceOf } from '../../shared/export/adapter-source.ts';
import { normal } from '../../shared/random.ts';

const RANK = 4;
const ALPHA = 8;
const SEED = 5;

/** Large enough that an adapter left out, or put on the wrong rows, is far beyond every limit. */
const SIZE = 0.03;

export interface Adapted {
  readonly adapter: Adapter;
  readonly source: AdapterSource;
  /** Of every token but the first, by this base with the adapter on it. */
  readonly logProbabilities: (base: BaseFile) => Promise<number[]>;
}

export async function adapted({ architecture }: BaseFile, tokens: readonly number[]): Promise<Adapted> {
  const layout = adapterLayout(architecture, RANK, ALPHA);
  const vector = Float32Array.from({ length: layout.length }, (_, place) => SIZE * normal(SEED, 0, place));
  const adapter = adapterFromVector(layout, vector, false);
  const { weights } = await encodeAdapter(adapter, architecture, 'base');
  return {
    adapter,
    source: await adapterSourceOf(weights),
    logProbabilities: async (base) => {
      const pass = await ForwardPass.open({
        trainable: { kind: 'adapters', backend: await openCpuBackend(base), layout, groups: 1 },
        scoring: 'tokens',
        maximumTime: tokens.length,
        microbatchRows: 1,
      });
      const scores = await pass.score(vector, [[{ tokens, start: 1 }]]);
      await pass.close();
      return [...(scores.logProbabilities[0]?.[0] ?? [])];
    },
  };
}

/** Mean distance, nats a token. */
export function meanDistance(ours: readonly number[], theirs: readonly number[]): number {
  const sum = ours.reduce((total, own, place) => total + Math.abs(own - (theirs[place] ?? Number.NaN)), 0);
  return sum / ours.length;
}
