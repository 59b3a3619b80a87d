/** Strict sampling through the training graph: log-probabilities equal to the bit, tokens that agree with the sampler. */
import { expect, it } from 'vitest';
import { Sampler } from '../../../../gpu-runner/llama/sampler/sampler.ts';
import { type StrictPolicy, strictRollout } from '../../../../gpu-runner/llama/sampler/strict-rollout.ts';
import { adapterLayout } from '../../../../gpu-runner/llama/model/lora-layout.ts';
import { Scorer } from '../../../../gpu-runner/llama/trainer/scorer.ts';
import { rowTokens, smallBase, smallRequest, smallShape } from './small-model.ts';

it('draws what the sampler draws, with the log-probabilities of the training graph', async () => {
  const base = await smallBase();
  const layout = adapterLayout(smallShape, 2, 2);
  const vectors = new Float32Array(layout.length);
  const options = {
    trainable: { kind: 'adapters', base, layout, groups: 1 },
    maximumTime: 128,
    microBatchRows: 8,
    session: { threads: 2 },
  } as const;
  const logits = await Scorer.open({ ...options, scoring: 'logits' });
  const tokens = await Scorer.open({ ...options, scoring: 'tokens' });
  const sampler = await Sampler.open({ base, session: options.session });
  const policy: StrictPolicy = {
    architecture: smallShape,
    groups: 1,
    maximumPositions: 128,
    nextLogits: (sequences) => logits.nextLogits(vectors, sequences),
    logProbabilities: async (sequences) => (await tokens.score(vectors, sequences)).logProbabilities,
  };
  const request = smallRequest(6, { maximumNewTokens: [12, 0, 12, 5, 12, 12], stopSequences: [[7], [9, 9]] });
  const strict = await strictRollout(policy, request);
  const fast = await sampler.sample(request);
  const { logProbabilities } = await tokens.score(vectors, [
    request.prompts.map((prompt, row) => ({
      tokens: [...Array.from(prompt), ...rowTokens(strict, row)],
      start: prompt.length,
    })),
  ]);
  for (let row = 0; row < 6; row++) {
    expect(rowTokens(strict, row)).toEqual(rowTokens(fast, row));
    expect(strict.finishReasons[row]).toBe(fast.finishReasons[row]);
    const own = strict.logProbabilities.slice(
      row * strict.width,
      row * strict.width + (strict.lengths[row] ?? 0),
    );
    expect(Array.from(own)).toEqual(Array.from(logProbabilities[0]?.[row] ?? []));
  }
  await expect(strictRollout(policy, { ...request, topK: 3 })).rejects.toThrow('strict mode');
  for (const open of [logits, tokens, sampler]) await open.close();
}, 60_000);
