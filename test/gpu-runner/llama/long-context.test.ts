/** Models of 131,072 positions: graphs hold no table of that length, and short runs give the bits of short sessions. */
import { afterAll, describe, expect, it } from 'vitest';
import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { openCpuBackend } from '../../../gpu-runner/llama/backends/cpu/cpu-backend.ts';
import { cpuRolloutGraph } from '../../../gpu-runner/llama/backends/cpu/rollout-graph.ts';
import { adapterLayout } from '../../../gpu-runner/llama/model/lora-layout.ts';
import { Sampler } from '../../../gpu-runner/llama/sampler/sampler.ts';
import type { Rollout } from '../../../gpu-runner/llama/sampler/rollout.ts';
import { ForwardPass } from '../../../gpu-runner/llama/trainer/forward-pass.ts';
import { LanguageModelTrainer } from '../../../gpu-runner/llama/trainer/language-model-trainer.ts';
import { initialState } from '../../../gpu-runner/llama/trainer/training-state.ts';
import { serialiseGraph } from '../../../gpu-runner/tensor/serialise.ts';
import { writeRandomBase } from '../../fixtures/random-base.ts';
import { rowTokens, smallBase, smallRequest, smallShape } from './sampler/small-model.ts';
import { adam, randomAdapter } from './trainer/fixtures.ts';

const POSITIONS = 131_072;
const layout = adapterLayout(smallShape, 2, 4);
const vector = randomAdapter(layout, 3);
const session = { threads: 1 } as const;
const short = await smallBase();
const architecture = { ...smallShape, maximumPositions: POSITIONS };
const long = await writeRandomBase(`${short.folder}-long`, architecture, 'int8', 3);
afterAll(() => rmSync(dirname(short.folder), { recursive: true }));

const request = smallRequest(4);

async function sampled(base: typeof short): Promise<Rollout> {
  const backend = await openCpuBackend(base);
  const sampler = await Sampler.open({ backend, session });
  try {
    return await sampler.sample(request);
  } finally {
    await sampler.close();
  }
}

describe(`a model of ${POSITIONS} positions`, () => {
  it('samples what the model of 256 positions samples', async () => {
    expect(await sampled(long)).toEqual(await sampled(short));
  });

  it('has a graph no larger than that of a short one', () => {
    const bytes = (base: typeof short, maximumPositions: number): number =>
      serialiseGraph(
        cpuRolloutGraph({ base, exactProduct: 'signed', hasUnsignedFile: false }, { maximumPositions }),
      ).length;
    expect(bytes(long, POSITIONS)).toBeLessThan(bytes(short, 256));
  });

  it('scores and trains by what its sequences need', async () => {
    const rollout = await sampled(short);
    const rows = request.prompts.map((prompt, row) => ({
      tokens: [...Array.from(prompt), ...rowTokens(rollout, row)],
      start: prompt.length,
    }));
    const results = await Promise.all(
      [short, long].map(async (base) => {
        const { maximumPositions } = base.architecture;
        const backend = await openCpuBackend(base);
        const trainable = { kind: 'adapters', backend, layout, groups: 1 } as const;
        const common = { trainable, maximumTime: maximumPositions, microbatchRows: 2, session };
        const forwardPass = await ForwardPass.open({ ...common, scoring: 'tokens' });
        const { logProbabilities } = await forwardPass.score(vector, [rows]);
        await forwardPass.close();
        const trainer = await LanguageModelTrainer.open({
          ...common,
          state: initialState([vector]),
          optimiser: adam,
        });
        const step = await trainer.step([rows], [1e-3]);
        const { parameters } = trainer.state;
        await trainer.close();
        return { logProbabilities, step, parameters: [...parameters] };
      }),
    );
    expect(results[1]).toEqual(results[0]);
  });
});
