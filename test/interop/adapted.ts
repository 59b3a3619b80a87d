/** A made-up adapter of a base: its artifact as a runner would put it, and what our own forms make of it. */
import { z } from 'zod';
import { openCpuBackend } from '../../gpu-runner/llama/backends/cpu/cpu-backend.ts';
import type { Adapter } from '../../gpu-runner/llama/model/adapter.ts';
import type { Architecture } from '../../gpu-runner/llama/model/architecture.ts';
import {
  adapterFromVector,
  type AdapterLayout,
  adapterLayout,
} from '../../gpu-runner/llama/model/lora-layout.ts';
import type { Sequence } from '../../gpu-runner/llama/model/sequence.ts';
import { ForwardPass } from '../../gpu-runner/llama/trainer/forward-pass.ts';
import { encodeAdapter } from '../../gpu-runner/llama/weights/adapter-files.ts';
import type { BaseFile } from '../../gpu-runner/llama/weights/base-file.ts';
import { type AdapterSource, adapterSourceOf } from '../../shared/export/adapter-source.ts';
import { normal } from '../../shared/random.ts';

/** As many as the programs get. */
export const THREADS = 1;

const RANK = 4;
const ALPHA = 8;
const SEED = 5;

/** What the programs answer: of each text every token but the first. */
export const textsSchema = z.array(z.array(z.number()));

/** Large enough that an adapter left out, or put on the wrong rows, is far beyond every limit. */
const SIZE = 0.03;

/** The adapter in every form that is asked for. */
export interface MadeUpAdapter {
  readonly layout: AdapterLayout;
  readonly vector: Float32Array;
  readonly adapter: Adapter;
  readonly source: AdapterSource;
}

export interface Adapted extends MadeUpAdapter {
  /** Of every token but the first, by this base with the adapter on it. */
  readonly logProbabilities: (base: BaseFile) => Promise<readonly number[]>;
}

export async function madeUpAdapter(architecture: Architecture): Promise<MadeUpAdapter> {
  const layout = adapterLayout(architecture, RANK, ALPHA);
  const vector = Float32Array.from({ length: layout.length }, (_, place) => SIZE * normal(SEED, 0, place));
  const adapter = adapterFromVector(layout, vector, false);
  const { weights } = await encodeAdapter(adapter, architecture, 'base');
  return { layout, vector, adapter, source: await adapterSourceOf(weights) };
}

export async function adapted({ architecture }: BaseFile, tokens: readonly number[]): Promise<Adapted> {
  const made = await madeUpAdapter(architecture);
  return {
    ...made,
    logProbabilities: async (base) => (await logProbabilitiesOf(base, made, [{ tokens, start: 1 }]))[0] ?? [],
  };
}

/** Of every text's tokens from its start on, by this base with the adapter on it. */
export async function logProbabilitiesOf(
  base: BaseFile,
  { layout, vector }: Pick<MadeUpAdapter, 'layout' | 'vector'>,
  texts: readonly Sequence[],
): Promise<readonly (readonly number[])[]> {
  const pass = await ForwardPass.open({
    trainable: { kind: 'adapters', backend: await openCpuBackend(base), layout, groups: 1 },
    scoring: 'tokens',
    maximumTime: Math.max(...texts.map(({ tokens }) => tokens.length)),
    microbatchRows: 1,
    session: { threads: THREADS },
  });
  const scores = await pass.score(vector, [texts]);
  await pass.close();
  return (scores.logProbabilities[0] ?? []).map((row) => Array.from(row));
}

/** Mean distance, nats a token. */
export function meanDistance(ours: readonly number[], theirs: readonly number[]): number {
  const sum = ours.reduce((total, own, place) => total + Math.abs(own - (theirs[place] ?? Number.NaN)), 0);
  return sum / ours.length;
}
