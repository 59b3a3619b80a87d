/** Preference training on a tiny model: it learns what was planted, a kill changes no byte, bad data are refused. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PreferencePairLine } from '../../../../gpu-runner/algorithms/preference-model/preference-examples.ts';
import { PreferenceModel } from '../../../../gpu-runner/algorithms/preference-model/preference-model.ts';
import {
  trainPreferenceModel,
  type PreferenceSettings,
} from '../../../../gpu-runner/algorithms/preference-model/train-preference-model.ts';
import { initialAdapter, adapterLayout } from '../../../../gpu-runner/llama/model/lora-layout.ts';
import {
  TRAIN_PREFERENCE_MODEL_DEFAULTS,
  trainPreferenceModelResult,
} from '../../../../shared/api/tasks/train-preference-model.ts';
import { toneLines } from '../../../../shared/principles/kind-stories/tone-lines.ts';
import { expectForeign } from '../foreign-checkpoint.ts';
import { openTinyModel, recordingHooks, repeatable } from '../tiny-model.ts';

let tiny: Awaited<ReturnType<typeof openTinyModel>>;
beforeAll(async () => {
  tiny = await openTinyModel();
});
afterAll(() => tiny.close());

const settings: PreferenceSettings = {
  ...TRAIN_PREFERENCE_MODEL_DEFAULTS,
  rank: 4,
  alpha: 8,
  learningRate: 1e-2,
  epochs: 2,
  batchPairs: 8,
  heldOutPairs: 16,
  checkpointEverySteps: 4,
  maximumLength: 120,
  promptForm: 'prefix',
  microbatchRows: 16,
};

/** The kind line of one tone pair against the mean line of another, so that no text stands on both sides. */
const pairs: PreferencePairLine[] = Array.from({ length: 64 }, (_, row) => ({
  promptId: `p${row}`,
  prompt: toneLines[row % 8]?.kind.split(',')[0]?.concat(` number ${row}.`) ?? '',
  chosen: toneLines[(row * 3) % 8]?.kind ?? '',
  rejected: toneLines[(row * 5 + 1) % 8]?.mean ?? '',
  labelProbability: 1,
  affixPair: null,
}));

async function train(
  changes: Partial<PreferenceSettings> = {},
  recorded = recordingHooks(),
  resume: Uint8Array | null = null,
  data = pairs,
) {
  return await trainPreferenceModel(tiny.model, data, { ...settings, ...changes }, 7, recorded.hooks, resume);
}

describe('training of a preference model', () => {
  it('learns what was planted and says so of held-out prompts', async () => {
    const recorded = recordingHooks();
    const { result, evaluation } = await train({}, recorded);
    const metrics = recorded.metrics.map(({ values }) => values);
    for (const values of metrics) {
      expect(values['preference/margin']).toBeCloseTo(
        (values['preference/chosen_mean'] ?? 0) - (values['preference/rejected_mean'] ?? 0),
        6,
      );
    }
    expect(metrics.at(-1)?.['preference/margin']).toBeGreaterThan(1);
    expect(metrics.at(-1)?.['preference/accuracy']).toBe(1);
    expect(trainPreferenceModelResult.parse(result)).toEqual(result);
    expect(result).toMatchObject({ trainPairs: 48, droppedPairs: 0, steps: 12 });
    expect(result.heldOut.n).toBe(16);
    expect(result.heldOut.accuracy).toBeGreaterThan(0.95);
    expect(result.heldOut.lengthOnlyAccuracy).toBe(evaluation.lengthOnlyAccuracy);
    expect(evaluation.meanMargin).toBeGreaterThan(1);
  });

  it('learns the opposite of labels that are all turned round, less of some; held-out pairs keep theirs', async () => {
    const accuracyAt = async (flippedShare: number) => (await train({ flippedShare })).result.heldOut;
    expect((await accuracyAt(1)).accuracy).toBeLessThan(0.05);
    expect((await accuracyAt(0)).accuracy).toBeGreaterThan(0.95);
    const [none, some] = [await train({}), await train({ flippedShare: 0.3 })];
    expect(some.evaluation.meanMargin).toBeLessThan(none.evaluation.meanMargin / 2);
    expect((await train({ flippedShare: 0 })).vector).toEqual(none.vector);
  });

  it('goes on after a kill to the same bytes and metrics', async () => {
    const recorded = recordingHooks();
    const whole = await train({}, recorded);
    const killed = recordingHooks(4);
    await expect(train({}, killed)).rejects.toThrow('killed');
    const resumed = recordingHooks();
    const again = await train({}, resumed, killed.checkpoints.get(4) ?? new Uint8Array());
    expect(again.vector).toEqual(whole.vector);
    expect(again.result).toEqual(whole.result);
    expect([...repeatable(killed.metrics), ...repeatable(resumed.metrics)]).toEqual(
      repeatable(recorded.metrics),
    );
  });

  it('G1 the score reads prompt and response: another prompt, another score', async () => {
    const { vector } = await train({ epochs: 1 });
    const preferences = await PreferenceModel.open(tiny.model, {
      rank: 4,
      alpha: 8,
      vector,
      maximumTime: 120,
      microbatchRows: 4,
    });
    const { tokenizer } = tiny.model;
    const text = (prompt: string) =>
      Int32Array.of(...tokenizer.encode(prompt, { bos: true }), ...tokenizer.encode('They smiled.'));
    const signal = new AbortController().signal;
    const [kind = 0, mean = 0, again = 0] = await preferences.score(
      [text('They were kind.'), text('They were mean.'), text('They were kind.')],
      signal,
    );
    await preferences.close();
    expect(kind).not.toBe(mean);
    expect(again).toBe(kind);
  });

  it('M2 the head starts normal with deviation 1 / sqrt(d + 1), bias 0', () => {
    const layout = adapterLayout(
      { ...tiny.model.architecture, hiddenSize: 4096, heads: 2, headSize: 2048 },
      1,
      1,
    );
    const vector = initialAdapter(layout, 1, 1, 'normal');
    const place = (name: string) => {
      const tensor = layout.tensors.find((one) => one.name === name);
      return vector.subarray(tensor?.offset ?? 0, (tensor?.offset ?? 0) + (tensor?.length ?? 0));
    };
    const weight = place('head.weight');
    const mean = weight.reduce((sum, value) => sum + value, 0) / weight.length;
    const variance = weight.reduce((sum, value) => sum + (value - mean) ** 2, 0) / weight.length;
    expect(weight).toHaveLength(4096);
    expect(Math.abs(mean)).toBeLessThan(4 / 4097 ** 0.5 / 4096 ** 0.5);
    expect(Math.sqrt(variance) * Math.sqrt(4097)).toBeCloseTo(1, 1);
    expect([...place('head.bias')]).toEqual([0]);
  });

  it('leaves out pairs with a text that the tokenizer cannot say, and counts them', async () => {
    const [first] = pairs;
    if (first === undefined) throw new Error('no pair');
    const odd = [
      { ...first, chosen: 'They said ▁ and played.' },
      { ...first, rejected: 'They said ▁ and fought.' },
    ];
    const { result, vector } = await train({ epochs: 1 }, recordingHooks(), null, [...pairs, ...odd]);
    expect(result.droppedPairs).toBe(2);
    expect(vector).toEqual((await train({ epochs: 1 })).vector);
    await expect(train({}, recordingHooks(), null, odd)).rejects.toThrow(
      /texts that the tokenizer cannot say/,
    );
  });

  it('refuses pairs that prefer nothing, pairs that are all too long, and a checkpoint of other pairs', async () => {
    const indifferent = pairs.map(({ prompt, chosen, rejected, promptId, affixPair }) => {
      return { prompt, chosen, rejected, promptId, affixPair, labelProbability: 0.5 };
    });
    await expect(train({}, recordingHooks(), null, indifferent)).rejects.toThrow(/one class only/);
    await expect(train({ maximumLength: 16 })).rejects.toThrow(/more than 16 tokens: raise maximumLength/);
    const killed = recordingHooks(4);
    await expect(train({}, killed)).rejects.toThrow('killed');
    const bytes = killed.checkpoints.get(4) ?? new Uint8Array();
    const resumed = (changes: Partial<PreferenceSettings>, data = pairs) =>
      train(changes, recordingHooks(), bytes, data);
    await expectForeign(resumed({ heldOutPairs: 20 }), /is of 48 pairs, this task has 44/);
    await expectForeign(
      resumed({ learningRate: 0.5 }),
      /is of learningRate 0.01, this task has learningRate 0.5/,
    );
    const relabelled = pairs.map((pair) => Object.assign({}, pair, { labelProbability: 0.75 }));
    await expectForeign(resumed({}, relabelled), /48 other pairs than this task's/);
  });
});
