/** What families differ in, in the CUDA form: its operators are on the card, and its numbers are near the CPU form's. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openCpuBackend } from '../../../../../gpu-runner/llama/backends/cpu/cpu-backend.ts';
import { cudaBackend } from '../../../../../gpu-runner/llama/backends/cuda/cuda-backend.ts';
import { openCudaBase } from '../../../../../gpu-runner/llama/backends/cuda/cuda-base.ts';
import { cudaRolloutGraph } from '../../../../../gpu-runner/llama/backends/cuda/rollout-graph.ts';
import type { Architecture } from '../../../../../gpu-runner/llama/model/architecture.ts';
import type { Backend } from '../../../../../gpu-runner/llama/model/backend.ts';
import { adapterLayout } from '../../../../../gpu-runner/llama/model/lora-layout.ts';
import { Sampler } from '../../../../../gpu-runner/llama/sampler/sampler.ts';
import { ForwardPass } from '../../../../../gpu-runner/llama/trainer/forward-pass.ts';
import { gradientGraph } from '../../../../../gpu-runner/llama/trainer/graphs.ts';
import { graphOptions } from '../../../../../gpu-runner/llama/trainer/trainer.ts';
import { checkCudaGraph } from '../../../../bench/gpu/check-graph.ts';
import { rowTokens, smallRequest, smallShape } from '../../sampler/small-model.ts';
import { randomAdapter, withBase } from '../../trainer/fixtures.ts';

const POSITIONS = 96;
const session = { device: 'cpu', threads: 1 } as const;
const folder = await mkdtemp(path.join(tmpdir(), 'rlcd-cuda-families-'));
afterAll(async () => {
  await rm(folder, { recursive: true });
});

function shape(changes: Partial<Architecture> = {}): Architecture {
  const rope = { ...smallShape.rope, layout: 'half', rotarySize: 32 } as const;
  return { ...smallShape, heads: 4, headSize: 32, eosTokens: [], rope, ...changes };
}

const { rope } = shape();
const variants: readonly (readonly [string, Architecture])[] = [
  ['biases', shape({ biases: { queryKeyValue: true, attentionOutput: true, feedForward: true } })],
  ['query and key norm by head', shape({ queryKeyNorm: 'head' })],
  ['query and key norm over the width', shape({ queryKeyNorm: 'width' })],
  ['norms of outputs', shape({ norm: { epsilon: 1e-5, placement: 'output' } })],
  ['norms of inputs and outputs', shape({ norm: { epsilon: 1e-5, placement: 'both' } })],
  ['half of a head turns', shape({ rope: { ...rope, rotarySize: 16 } })],
  ['a layer that does not turn', shape({ rope: { ...rope, layersWithout: [1] } })],
  ['a local theta', shape({ windows: [POSITIONS, null], rope: { ...rope, local: { theta: 20 } } })],
  ['an attention scale', shape({ attentionScale: 0.1 })],
  ['soft caps', shape({ softCaps: { attention: 2, logits: 3 } })],
  ['gelu by tanh', shape({ activation: 'gelu-tanh' })],
  ['gelu', shape({ activation: 'gelu' })],
];

describe.each(variants)('on CUDA: %s', (name, architecture) => {
  const layout = adapterLayout(architecture, 4, 8);
  const vector = randomAdapter(layout, 3).map((value) => value * 0.2);
  const adapters = { layout, groups: 1 };

  /** Log-probabilities of the tokens after `start`. */
  async function scored(backend: Backend, rows: readonly { tokens: number[]; start: number }[]) {
    const trainable = { kind: 'adapters', backend, ...adapters } as const;
    const forwardPass = await ForwardPass.open({
      trainable,
      scoring: 'tokens',
      maximumTime: POSITIONS,
      microbatchRows: 4,
      session,
    });
    const { logProbabilities } = await forwardPass.score(vector, [rows]);
    await forwardPass.close();
    return (logProbabilities[0] ?? []).flatMap((row) => Array.from(row));
  }

  it('has only operators that the card runs', () => {
    const backend = cudaBackend({ architecture, isTurned: true }, 'nowhere');
    const options = graphOptions({ kind: 'adapters', backend, ...adapters }, POSITIONS);
    const graphs = [
      gradientGraph(options, { kind: 'language-model' }),
      ...(['fused', 'two-part'] as const).map((attention) =>
        cudaRolloutGraph({ architecture, isTurned: true }, attention, {
          maximumPositions: POSITIONS,
          adapters,
        }),
      ),
    ];
    for (const graph of graphs) expect(checkCudaGraph(graph).faults).toEqual([]);
  });

  it('samples and scores as the CPU form does, within 8 bits and fp16', async () => {
    await withBase(architecture, 'int8', 3, async (base) => {
      const { folder: converted } = await openCudaBase(base, path.join(folder, name.replaceAll(' ', '-')));
      const request = smallRequest(4, { maximumNewTokens: 40 });
      const cpu = await openCpuBackend(base);
      for (const attention of ['fused', 'two-part'] as const) {
        const cuda = cudaBackend(base, converted, attention);
        const sampler = await Sampler.open({ backend: cuda, adapters, maximumPositions: POSITIONS, session });
        const rollout = await sampler.sample(request, vector);
        await sampler.close();
        const rows = request.prompts.map((prompt, row) => ({
          tokens: [...Array.from(prompt), ...rowTokens(rollout, row)],
          start: prompt.length,
        }));
        const sampled = rows.flatMap(({ start, tokens }, row) =>
          tokens.slice(start).map((_, step) => rollout.logProbabilities[row * rollout.width + step] ?? NaN),
        );
        const [trained, expected] = [await scored(cuda, rows), await scored(cpu, rows)];
        expect(sampled).toHaveLength(160);
        sampled.forEach((value, index) => {
          expect(Math.abs(value - (trained[index] ?? NaN))).toBeLessThan(0.03);
        });
        const distances = sampled.map((value, index) => Math.abs(value - (expected[index] ?? NaN)));
        const gaps = sampled.map((value, index) => Math.abs(value - (trained[index] ?? NaN)));
        expect(gaps.reduce((a, b) => a + b, 0) / gaps.length).toBeLessThan(0.003);
        // One token of little probability may be far off; the mean tells another function from other roundings.
        expect(distances.reduce((a, b) => a + b, 0) / distances.length).toBeLessThan(0.03);
        expect(Math.max(...distances)).toBeLessThan(0.5);
      }
    });
  });
});

describe('what CUDA does not run is refused by name', () => {
  it.each<[string, Partial<Architecture>, RegExp]>([
    ['a scaled embedding', { embeddingScale: 8 }, /embeddingScale is 8: .*fp16.*--device cpu/],
    [
      'eight components that turn',
      { rope: { ...rope, rotarySize: 8 } },
      /rope\.rotarySize is 8: .*multiples of 16/,
    ],
  ])('%s', (_name, changes, message) => {
    expect(() => cudaBackend({ architecture: shape(changes), isTurned: true }, 'nowhere')).toThrow(message);
  });

  it('a window shorter than a rollout', () => {
    const backend = cudaBackend({ architecture: shape({ windows: [64, null] }), isTurned: true }, 'nowhere');
    expect(() => backend.planRollout({ rows: 1, maximumPositions: 65 }, {})).toThrow(
      /a layer sees 64 positions and rollouts here are up to 65 long; run it with --device cpu/,
    );
    expect(() => backend.planRollout({ rows: 1, maximumPositions: 64 }, {})).not.toThrow();
  });
});
