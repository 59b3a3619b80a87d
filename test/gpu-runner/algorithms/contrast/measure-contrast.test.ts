/** The measurement of a contrast on tiny models: likelihoods against those of one token at a time, and what is counted. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  measureContrast,
  type ContrastInput,
} from '../../../../gpu-runner/algorithms/contrast/measure-contrast.ts';
import { Generator } from '../../../../gpu-runner/algorithms/generator.ts';
import { responseOf } from '../../../../gpu-runner/llama/model/sequence.ts';
import type { Model } from '../../../../gpu-runner/llama/weights/model.ts';
import { streamOf } from '../../../../gpu-runner/algorithms/streams.ts';
import { inForm } from '../../../../gpu-runner/tasks/in-form.ts';
import { affixPairIndex, contrastPrompts } from '../../../../shared/dialogue/contrast-prompts.ts';
import { openChatModel } from '../chat-model.ts';
import { likelihood } from '../likelihood.ts';
import { openTinyModel, tinyPrompts } from '../tiny-model.ts';

let tiny: Awaited<ReturnType<typeof openTinyModel>>;
let chat: Awaited<ReturnType<typeof openChatModel>>;
beforeAll(async () => {
  tiny = await openTinyModel();
  chat = await openChatModel();
});
afterAll(() => {
  tiny.close();
  chat.close();
});

const affixPairs = [
  { positive: 'Everyone was kind. ', negative: 'Everyone was mean. ' },
  { positive: 'They loved to help. ', negative: 'They loved to fight. ' },
];
const STORIES: ContrastInput = {
  contrast: { promptForm: 'prefix', responseOpening: '', affixPairs },
  sampling: { temperature: 0.8, topP: 1, maximumNewTokens: 12, bannedTexts: ['q'] },
  prompts: tinyPrompts(6),
  seed: 7,
};

async function measure(model: Model, input: ContrastInput) {
  const told: string[] = [];
  const { signal } = new AbortController();
  const measured = await measureContrast(model, input, {
    signal,
    progress: (done, total, unit) => told.push(`${done} of ${total} ${unit}`),
  });
  return { measured, told };
}

/** The same answers, one at a time, by the streams of a contrast. */
async function answersOneByOne(model: Model, { contrast, sampling, prompts, seed }: ContrastInput) {
  const { tokenizer } = model;
  const { promptForm, responseOpening, placement = 'label' } = contrast;
  const banned = Array.from({ length: tokenizer.vocabularySize }, (_, token) => token).filter((token) =>
    sampling.bannedTexts.some((text) => tokenizer.decode([token]).includes(text)),
  );
  const generator = await Generator.open({
    model,
    promptForm,
    ...sampling,
    bannedTokens: banned,
    seed,
    maximumTime: model.architecture.maximumPositions,
    referenceTemperature: 1,
    withReference: false,
    sampleRows: 1,
    scoreRows: 1,
  });
  const found = [];
  for (const { text, row } of prompts) {
    const pair = contrast.affixPairs[affixPairIndex(contrast.affixPairs.length, seed, row)] ?? affixPairs[0];
    if (pair === undefined) throw new RangeError('no pair');
    const sides = contrastPrompts({ form: promptForm, responseOpening, placement }, pair, text);
    const [positive, negative] = [sides.positive, sides.negative].map((side) => tokenizer.encodePrompt(side));
    if (positive === undefined || negative === undefined) throw new RangeError('no side');
    for (const [own, other, purpose] of [
      [positive, negative, 'contrast-positive'],
      [negative, positive, 'contrast-negative'],
    ] as const) {
      const { signal } = new AbortController();
      const request = { promptTokens: own, stream: streamOf(purpose, row) };
      const [generation] = await generator.generate([request], signal);
      if (generation === undefined) throw new RangeError('no answer');
      const response = responseOf(generation.sequence);
      const nats = (await likelihood(model, own, response)) - (await likelihood(model, other, response));
      found.push({ positive: purpose === 'contrast-positive', response, nats });
    }
  }
  await generator.close();
  return found;
}

async function expectAsOneByOne(model: Model, input: ContrastInput) {
  const { measured } = await measure(model, input);
  const answers = await answersOneByOne(model, input);
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  for (const side of ['positive', 'negative'] as const) {
    const own = answers.filter(({ positive }) => positive === (side === 'positive'));
    expect(measured[side].nats.mean).toBeCloseTo(mean(own.map(({ nats }) => nats)), 3);
    expect(measured[side].tokens.mean).toBeCloseTo(mean(own.map(({ response }) => response.length)), 9);
    measured.examples.forEach((example, index) =>
      expect(example[side].nats).toBeCloseTo(own[index]?.nats ?? Number.NaN, 3),
    );
  }
  const separated = answers.filter(({ nats }) => nats > 0).length;
  expect(measured.separation.share).toBeCloseTo(separated / answers.length, 9);
  // The sides differ, or nothing is tested.
  expect(Math.max(...answers.map(({ nats }) => Math.abs(nats)))).toBeGreaterThan(0.01);
  return measured;
}

describe('a contrast of stories', () => {
  it('has the likelihoods that one token at a time gives, at temperature 1 whatever was sampled at', async () => {
    const measured = await expectAsOneByOne(tiny.model, STORIES);
    expect(measured.prompts).toBe(6);
    expect(measured.separation.interval.lower).toBeLessThan(measured.separation.share);
    expect(measured.lengthGap).toBe(measured.positive.tokens.mean - measured.negative.tokens.mean);
    expect(measured.leftOut).toBeUndefined();
    expect(measured.rates.sampled).toBeGreaterThan(0);
    expect(measured.rates.read).toBeGreaterThan(0);
  });

  it('is the same again, and counts refusals and answers that ran to the limit', async () => {
    const { measured, told } = await measure(tiny.model, STORIES);
    const { rates: _, ...again } = (await measure(tiny.model, STORIES)).measured;
    expect(measured).toMatchObject(again);
    const { positive, negative, acceptance, truncatedShare } = measured;
    for (const { accepted, rejected } of [positive, negative])
      expect(Object.values(rejected).reduce((sum, count) => sum + count, accepted)).toBe(6);
    expect(acceptance.share).toBe((positive.accepted + negative.accepted) / 12);
    expect(truncatedShare).toBe((positive.truncated + negative.truncated) / 12);
    // Half of it is done when all are drawn, and all when they are read.
    const done = told.map((line) => Number(/^([\d.]+) of 12 answers$/.exec(line)?.[1]));
    expect(done).toEqual(done.toSorted((a, b) => a - b));
    expect(done.slice(-2)).toEqual([6, 12]);
  });

  it('of equal affixes tells nothing apart', async () => {
    const affixPair = { positive: 'Everyone was kind. ', negative: 'Everyone was kind. ' };
    const contrast = { ...STORIES.contrast, affixPairs: [affixPair] };
    const { measured } = await measure(tiny.model, { ...STORIES, contrast });
    expect(measured.separation.share).toBe(0);
    expect(measured.positive.nats.maximum).toBe(0);
  });

  it('leaves out what cannot be asked, and refuses where nothing can', async () => {
    const long = { id: 'long', text: 'They loved to help. '.repeat(60), row: 6 };
    const { measured } = await measure(tiny.model, { ...STORIES, prompts: [...STORIES.prompts, long] });
    expect(measured.leftOut).toEqual({ 'too-long': 1 });
    expect(measured.prompts).toBe(6);
    await expect(measure(tiny.model, { ...STORIES, prompts: [long] })).rejects.toThrow(/of use.*long/);
    await expect(measure(tiny.model, { ...STORIES, prompts: [] })).rejects.toThrow(/one prompt or more/);
  });

  it('takes no placement, which is for chats', async () => {
    const contrast = { ...STORIES.contrast, placement: 'system' as const };
    await expect(measure(tiny.model, { ...STORIES, contrast })).rejects.toThrow(/placement system/);
  });
});

it.each(['label', 'system', 'user', 'answer'] as const)(
  'a contrast of a chat with its affixes at %s has those likelihoods, too',
  async (placement) => {
    const model = await inForm(chat.model, 'chat');
    const measured = await expectAsOneByOne(model, {
      contrast: {
        promptForm: 'chat',
        placement,
        responseOpening: '',
        affixPairs: [{ positive: '(kind)', negative: '(rude)' }],
      },
      sampling: { temperature: 1, topP: 1, maximumNewTokens: 8, bannedTexts: [] },
      prompts: [{ id: 'a', text: 'Human: Hi.\n\nAssistant: Ho.\n\nHuman: He?\n\nAssistant:', row: 3 }],
      seed: 2,
    });
    expect(measured.examples[0]?.prompt).toBe('Human: Hi.\n\nAssistant: Ho.\n\nHuman: He?\n\nAssistant:');
  },
);
