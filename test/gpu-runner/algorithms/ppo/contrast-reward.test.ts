/** The contrast as PPO's reward: against likelihoods read one token at a time, and a policy that learns by it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Generator } from '../../../../gpu-runner/algorithms/generator.ts';
import { ContrastReward } from '../../../../gpu-runner/algorithms/ppo/contrast-reward.ts';
import { rolloutPrompts } from '../../../../gpu-runner/algorithms/ppo/rollout-prompts.ts';
import { responseOf, sequenceOf } from '../../../../gpu-runner/llama/model/sequence.ts';
import { mean } from '../../../../shared/statistics/summary.ts';
import { likelihood } from '../likelihood.ts';
import { openTinyModel, recordingHooks, repeatable, tinyPrompts } from '../tiny-model.ts';
import { tinyRun } from './tiny-run.ts';

let tiny: Awaited<ReturnType<typeof openTinyModel>>;
beforeAll(async () => {
  tiny = await openTinyModel();
});
afterAll(() => tiny.close());

const { signal } = new AbortController();
const affixPairs = [
  { positive: 'Everyone was kind. ', negative: 'Everyone was mean. ' },
  { positive: 'They loved to help. ', negative: 'They loved to fight. ' },
];
const PARAMETERS = {
  promptForm: 'prefix',
  responseOpening: '',
  maximumPromptTokens: 100,
  maximumNewTokens: 12,
} as const;

const promptsOf = (contrast: Parameters<typeof rolloutPrompts>[3], seed = 3, count = 12) =>
  rolloutPrompts(tinyPrompts(count), tiny.model, PARAMETERS, contrast && { ...contrast, seed }).usable;

describe('the contrast as a reward', () => {
  it('is log p(response | towards) - log p(response | away), whatever is read beside it', async () => {
    const { model } = tiny;
    const prompts = promptsOf({ affixPairs, seed: 3 }, 3, 4);
    const sides = prompts.flatMap((prompt) => prompt.sides ?? []);
    expect(sides).toHaveLength(4);
    const responses = ['They hit.', 'They loved to help her and him.', 'She was sad', 'kind'].map((text) =>
      model.tokenizer.encode(text, { bos: false }),
    );
    const reward = await ContrastReward.open(model, { sides, responseTokens: 20, microbatchRows: 3 });
    const texts = responses.map((response, prompt) => ({
      prompt,
      sequence: sequenceOf(prompts[prompt]?.tokens ?? [], response),
    }));
    const scores = await reward.score(texts, signal);
    const [alone] = await reward.score(texts.slice(2, 3), signal);
    await reward.close();
    expect(alone).toBeCloseTo(scores[2] ?? Number.NaN, 5);
    for (const [row, response] of responses.entries()) {
      const { positive = new Int32Array(), negative = new Int32Array() } = sides[row] ?? {};
      const expected =
        (await likelihood(model, positive, response)) - (await likelihood(model, negative, response));
      expect(scores[row]).toBeCloseTo(expected, 3);
      expect(Math.abs(expected)).toBeGreaterThan(0.01);
    }
  });

  it('tells the sides apart that it is made of: what each was sampled from is the likelier one in the mean', async () => {
    const { model } = tiny;
    const prompts = promptsOf({ affixPairs, seed: 3 }, 3, 64);
    const sides = prompts.flatMap((prompt) => prompt.sides ?? []);
    const generator = await Generator.open({
      model,
      promptForm: 'prefix',
      temperature: 1,
      topP: 1,
      maximumNewTokens: 12,
      bannedTokens: [],
      seed: 5,
      maximumTime: 80,
      referenceTemperature: 1,
      withReference: false,
      sampleRows: 32,
      scoreRows: 32,
    });
    const reward = await ContrastReward.open(model, { sides, responseTokens: 12, microbatchRows: 32 });
    const meanOf = async (side: 'positive' | 'negative', stream: number) => {
      const requests = sides.map((tokens, row) => ({ promptTokens: tokens[side], stream: stream + row }));
      const answers = await generator.generate(requests, signal);
      const texts = answers.map(({ sequence }, prompt) => ({
        prompt,
        sequence: sequenceOf(prompts[prompt]?.tokens ?? [], responseOf(sequence)),
      }));
      return mean([...(await reward.score(texts, signal))]);
    };
    // E[r] under the side towards is KL(p+ || p-), under the other one -KL(p- || p+).
    expect(await meanOf('positive', 0)).toBeGreaterThan(0);
    expect(await meanOf('negative', 1000)).toBeLessThan(0);
    await reward.close();
    await generator.close();
  });

  it('teaches a policy, with value models and without; a stopped run goes on and ends in the same bytes', async () => {
    const input = { preferenceModel: null, prompts: promptsOf({ affixPairs, seed: 3 }) };
    for (const changes of [{}, { advantageEstimator: 'rloo', groupSize: 4 }] as const) {
      const run = async (recorded = recordingHooks(), resume: Uint8Array | null = null) =>
        await tinyRun(tiny.model, changes, recorded, resume, input);
      const whole = await run();
      const killed = recordingHooks(1);
      await expect(run(killed)).rejects.toThrow('killed');
      const resumed = await run(recordingHooks(), killed.checkpoints.get(1) ?? new Uint8Array());
      expect(resumed.cells.get('0.02/3')).toEqual(whole.cells.get('0.02/3'));
      expect(resumed.result).toEqual(whole.result);
      expect([...repeatable(killed.metrics), ...repeatable(resumed.recorded.metrics)]).toEqual(
        repeatable(whole.recorded.metrics),
      );
    }
  });

  it('goes on with no checkpoint of other affixes, and wants the sides of every prompt', async () => {
    const input = { preferenceModel: null, prompts: promptsOf({ affixPairs, seed: 3 }) };
    const killed = recordingHooks(1);
    await expect(tinyRun(tiny.model, {}, killed, null, input)).rejects.toThrow('killed');
    const others = promptsOf({ affixPairs: affixPairs.toReversed(), seed: 3 });
    await expect(
      tinyRun(tiny.model, {}, recordingHooks(), killed.checkpoints.get(1) ?? new Uint8Array(), {
        ...input,
        prompts: others,
      }),
    ).rejects.toThrow(/is of sides .* this task has sides/);
    await expect(
      tinyRun(tiny.model, {}, recordingHooks(), null, { ...input, prompts: promptsOf(null) }),
    ).rejects.toThrow(/has no sides/);
  });
});
