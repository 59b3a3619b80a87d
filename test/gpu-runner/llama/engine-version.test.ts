/** The engine's version goes with what it computes: the graphs' bytes and the engine that runs them. */
import { cpuBackend } from '../../../gpu-runner/llama/backends/cpu/cpu-backend.ts';
import { createHash } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { cpuRolloutGraph } from '../../../gpu-runner/llama/backends/cpu/rollout-graph.ts';
import {
  type GraphOptions,
  type Objective,
  forwardGraph,
  gradientGraph,
  type Trainable,
} from '../../../gpu-runner/llama/trainer/graphs.ts';
import { updateGraph } from '../../../gpu-runner/llama/trainer/update-graph.ts';
import { adapterLayout } from '../../../gpu-runner/llama/model/lora-layout.ts';
import type { Graph } from '../../../gpu-runner/tensor/graph.ts';
import { serialiseGraph } from '../../../gpu-runner/tensor/serialise.ts';
import { ENGINE_VERSION } from '../../../shared/engine-version.ts';
import type { BaseFile } from '../../../gpu-runner/llama/weights/base-file.ts';
import { writeRandomBase } from '../../fixtures/random-base.ts';
import { smallShape } from './sampler/small-model.ts';

/**
 * What ENGINE_VERSION stands for. When this test fails, a graph or the engine has changed: raise ENGINE_VERSION unless
 * every result keeps its bytes (a renamed operator, say), and write the new hash here.
 */
const RECORDED = {
  version: '13',
  /** of a base as version 3 of the format held it before inputs were turned: the bundled model is one */
  plain: 'd115cb0bb13e5bbe847ea2904976558012fd5bc3a06a2858721d85fcc7dd37f6',
  turned: 'c9333f84cb6b209d5071d021925a76eee27b74d57f447783998485e9dc93c5a0',
};

const folder = await mkdtemp(path.join(tmpdir(), 'rlcd-version-'));
afterAll(() => rmSync(folder, { recursive: true }));

const optimiser = {
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 0,
  epsilonForm: 'corrected',
  clipNorm: 1,
} as const;

const objectives: readonly Objective[] = [
  { kind: 'language-model' },
  { kind: 'preference' },
  { kind: 'direct-preference', beta: 0.1 },
  { kind: 'prospect', beta: 0.1 },
  { kind: 'ppo', policyClip: 0.2, valueClip: 0.2 },
];

function cpuGraphs(base: BaseFile): Graph[] {
  const layout = adapterLayout(smallShape, 2, 4);
  const unsigned = { base, exactProduct: 'unsigned', hasUnsignedFile: false } as const;
  const signed = { ...unsigned, exactProduct: 'signed' } as const;
  const adapters: Extract<Trainable, { kind: 'adapters' }> = {
    kind: 'adapters',
    backend: cpuBackend(unsigned),
    layout,
    groups: 2,
  };
  const eightBitBack = cpuBackend({ ...unsigned, backward: 'eight-bit' });
  const options: GraphOptions = {
    trainable: adapters,
    maximumTime: 64,
    blockRows: 16,
    temperature: 0.9,
  };
  const full: GraphOptions = { ...options, trainable: { kind: 'full', architecture: smallShape } };
  return [
    cpuRolloutGraph(unsigned, { maximumPositions: 64 }),
    cpuRolloutGraph(signed, { adapters: { layout, groups: 2 }, maximumPositions: 64 }),
    ...objectives.map((objective) => gradientGraph(options, objective)),
    gradientGraph(
      { ...options, trainable: { ...adapters, backend: eightBitBack } },
      { kind: 'ppo', policyClip: 0.2, valueClip: 0.2 },
    ),
    gradientGraph(full, { kind: 'language-model' }),
    updateGraph(adapters, optimiser),
    updateGraph(full.trainable, optimiser),
    forwardGraph(options, 'tokens-and-scalars'),
    forwardGraph(options, 'logits'),
  ];
}

function engine(): string {
  const file = new URL('../../../package.json', import.meta.url);
  const { dependencies } = JSON.parse(readFileSync(file, 'utf8')) as { dependencies: Record<string, string> };
  return `onnxruntime-node ${dependencies['onnxruntime-node']}`;
}

describe('the engine version', () => {
  it('is raised when what the engine computes changes', async () => {
    const found = await Promise.all(
      [false, true].map(async (isTurned) => {
        const base = await writeRandomBase(
          path.join(folder, String(isTurned)),
          smallShape,
          'int8',
          3,
          isTurned,
        );
        const hash = createHash('sha256').update(engine());
        for (const graph of cpuGraphs(base)) hash.update(serialiseGraph(graph));
        return hash.digest('hex');
      }),
    );
    expect({ version: ENGINE_VERSION, plain: found[0], turned: found[1] }).toEqual(RECORDED);
  });
});
