/** Labelling: the numbers against a softmax by hand, orders and their bias, orientation, instructions, a kill. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readAnswer } from '../../../../gpu-runner/algorithms/label/choice-answers.ts';
import { choiceQuestion } from '../../../../gpu-runner/algorithms/label/choice-question.ts';
import { label, type LabelSettings } from '../../../../gpu-runner/algorithms/label/label.ts';
import { likelihoodQuestion } from '../../../../gpu-runner/algorithms/label/likelihood-question.ts';
import {
  chosenIsA,
  instructionOf,
  type PairQuestion,
} from '../../../../gpu-runner/algorithms/label/question.ts';
import type { PreferencePairLine } from '../../../../gpu-runner/algorithms/preference-model/preference-examples.ts';
import { labelResult } from '../../../../shared/api/tasks/label.ts';
import { scoringPrompt } from '../../../../shared/dialogue/scoring-prompt.ts';
import { expectForeign } from '../foreign-checkpoint.ts';
import { openTinyModel, recordingHooks } from '../tiny-model.ts';

let tiny: Awaited<ReturnType<typeof openTinyModel>>;
beforeAll(async () => {
  tiny = await openTinyModel();
});
afterAll(() => tiny.close());

const pair = (row: number, affixPair: number | null = null): PreferencePairLine => ({
  promptId: String(row),
  prompt: `Human: question ${row}\n\nAssistant:`,
  chosen: `plus ${row}`,
  rejected: `minus ${row}`,
  labelProbability: 1,
  affixPair,
  provenance: { chosen: { tries: 1 }, rejected: { tries: 2 } },
});
const pairs = Array.from({ length: 12 }, (_, row) => pair(row, row % 2));
const DIALOGUE: LabelSettings = {
  promptForm: 'dialogue',
  orders: 'both',
  examples: [],
  batchSize: 5,
  checkpointEvery: 1,
};
const STORY: LabelSettings = { ...DIALOGUE, promptForm: 'prefix' };
const logit = (probability: number) => Math.log(probability / (1 - probability));

/** The A/B question to a made-up model. @param logitsOf [A's logit, B's logit] by the question's text */
function asked(
  logitsOf: (text: string) => readonly [number, number],
  changes: Partial<Parameters<typeof choiceQuestion>[0]> = {},
) {
  const { tokenizer } = tiny.model;
  const texts: string[] = [];
  const [a, b] = ['A', 'B'].map((letter) => tokenizer.encode(`The answer is: (${letter}`).at(-1) ?? -1);
  const question = choiceQuestion({
    tokenizer,
    promptForm: 'dialogue',
    instructions: ['First instruction.', 'Second instruction.'],
    orders: 'both',
    examples: [],
    contextLength: 10_000,
    seed: 3,
    nextLogits: async (sequences) =>
      sequences.map((tokens) => {
        const text = tokenizer.decode(tokens);
        texts.push(text);
        const logits = new Float32Array(tokenizer.vocabularySize).fill(-20);
        const [logitA, logitB] = logitsOf(text);
        logits[a ?? 0] = logitA;
        logits[b ?? 0] = logitB;
        return logits;
      }),
    ...changes,
  });
  return { question, texts };
}
const run = async (
  question: PairQuestion,
  settings = DIALOGUE,
  resume: Uint8Array | null = null,
  recorded = recordingHooks(),
) => await label(pairs, settings, question, recorded.hooks, resume);

describe('the A/B question', () => {
  it('reads the two logits, and how much of the mass they hold', () => {
    const logits = Float32Array.of(0, 2, 1, -1);
    const total = Math.exp(0) + Math.exp(2) + Math.exp(1) + Math.exp(-1);
    const { shownA, mass } = readAnswer(logits, { a: 1, b: 2 });
    expect(shownA).toBeCloseTo(Math.exp(2) / (Math.exp(2) + Math.exp(1)), 12);
    expect(mass).toBeCloseTo((Math.exp(2) + Math.exp(1)) / total, 12);
  });

  it("is the paper's prompt with the instruction of the pair's index, in both orders", async () => {
    const { question, texts } = asked(() => [0, 0]);
    await run(question);
    expect(texts).toHaveLength(24);
    const first = pairs[1];
    const parts = { prompt: first?.prompt ?? '', instruction: 'Second instruction.' };
    expect(texts.slice(2, 4)).toEqual([
      scoringPrompt({ ...parts, responseA: 'plus 1', responseB: 'minus 1' }),
      scoringPrompt({ ...parts, responseA: 'minus 1', responseB: 'plus 1' }),
    ]);
  });

  it('averages both orders, so that a model that always says A labels every pair with a half', async () => {
    const { question } = asked(() => [logit(0.9), 0]);
    const { pairs: labelled, result } = await run(question);
    for (const { labelProbability } of labelled) expect(labelProbability).toBeCloseTo(0.5, 6);
    expect(result).toMatchObject({ question: 'choice', orders: 'both', pairs: 12, dropped: 0, examples: 0 });
    expect(result.orderDisagreement).toBe(1);
    expect(result.positionBias).toBeCloseTo(0.4, 6);
    expect(result.answerMass).toBeGreaterThan(0.99);
  });

  it("keeps the place's bias where one order is asked, which the result says", async () => {
    const settings: LabelSettings = { ...DIALOGUE, orders: 'one-order' };
    const { question, texts } = asked(() => [logit(0.9), 0], { orders: 'one-order' });
    const { pairs: labelled, result } = await run(question, settings);
    expect(texts).toHaveLength(12);
    expect(result).toMatchObject({ orders: 'one-order', orderDisagreement: null });
    const atA = pairs.filter((one) => chosenIsA(one, 3));
    expect(atA.length).toBeGreaterThan(1);
    expect(atA.length).toBeLessThan(11);
    // The option at A is preferred, so `chosen` is what stood there.
    labelled.forEach((one, row) => {
      expect(one.labelProbability).toBeCloseTo(0.9, 6);
      expect(one.chosen.startsWith('plus')).toBe(chosenIsA(pairs[row] ?? pair(0), 3));
    });
  });

  it('finds the better response wherever it stands, and makes it the chosen one', async () => {
    // Even rows prefer "minus".
    const { question } = asked((text) => {
      const row = Number(/question (\d+)/.exec(text)?.[1]);
      const better = row % 2 === 0 ? 'minus' : 'plus';
      return text.includes(`(A) ${better}`) ? [logit(0.8), 0] : [0, logit(0.8)];
    });
    const { pairs: labelled, result } = await run(question);
    labelled.forEach((one, row) => {
      expect(one.labelProbability).toBeCloseTo(0.8, 6);
      expect(one.chosen).toBe(`${row % 2 === 0 ? 'minus' : 'plus'} ${row}`);
      expect(one.rejected).toBe(`${row % 2 === 0 ? 'plus' : 'minus'} ${row}`);
      const swapped = row % 2 === 0;
      expect(one.provenance).toEqual({
        chosen: { tries: swapped ? 2 : 1 },
        rejected: { tries: swapped ? 1 : 2 },
        swapped,
      });
    });
    expect(labelResult.parse(result)).toEqual(result);
    expect(result).toMatchObject({ firstPreferred: 0.5, orderDisagreement: 0 });
    expect(result.positionBias).toBeCloseTo(0, 6);
  });

  it('goes on after a kill to the same labels without asking again', async () => {
    const answer = (text: string): readonly [number, number] => [text.length % 7, text.length % 5];
    const whole = await run(asked(answer).question);
    const killed = recordingHooks(1);
    await expect(run(asked(answer).question, DIALOGUE, null, killed)).rejects.toThrow('killed');
    const { question, texts } = asked(answer);
    expect(await run(question, DIALOGUE, killed.checkpoints.get(1) ?? null)).toEqual(whole);
    expect(texts).toHaveLength(14);
    const bytes = killed.checkpoints.get(1) ?? null;
    const resumed = (data = pairs, settings = DIALOGUE) =>
      label(data, settings, question, recordingHooks().hooks, bytes);
    await expectForeign(resumed(pairs.slice(1)), /is of 12 pairs, this task has 11/);
    await expectForeign(resumed(pairs.toReversed()), /12 other pairs than this task's/);
    await expectForeign(
      resumed(pairs, { ...DIALOGUE, orders: 'one-order' }),
      /is of orders "both", this task has orders "one-order"/,
    );
  });

  it('leaves out what does not fit, and refuses when nothing does', async () => {
    const long = { ...pair(99), chosen: 'word '.repeat(300) };
    const { question } = asked(() => [1, 0], { contextLength: 700 });
    const { result, pairs: labelled } = await label(
      [...pairs, long],
      DIALOGUE,
      question,
      recordingHooks().hooks,
      null,
    );
    expect(result).toMatchObject({ pairs: 12, dropped: 1 });
    expect(labelled.map(({ promptId }) => promptId)).not.toContain('99');
    const { question: narrow } = asked(() => [1, 0], { contextLength: 20 });
    await expect(run(narrow)).rejects.toThrow(/longer than the model's context/);
  });
});

describe('instructions', () => {
  it('are those of the affix pair, else drawn over all of them by seed and prompt', () => {
    const texts = ['a', 'b', 'c', 'd'];
    expect(instructionOf(pair(5, 2), texts, 1)).toBe('c');
    const drawn = Array.from({ length: 400 }, (_, row) => instructionOf(pair(row), texts, 1));
    // 400 draws of four: 100 each, standard deviation 8.7
    for (const text of texts) {
      expect(Math.abs(drawn.filter((one) => one === text).length - 100)).toBeLessThan(40);
    }
    expect(Array.from({ length: 400 }, (_, row) => instructionOf(pair(row), texts, 1))).toEqual(drawn);
    expect(Array.from({ length: 400 }, (_, row) => instructionOf(pair(row), texts, 2))).not.toEqual(drawn);
    expect(() => instructionOf(pair(1, 1), ['a', undefined], 1)).toThrow(
      /affix pair 1 .* no scoringInstruction/,
    );
  });
});

describe('the likelihood question', () => {
  it("is the softmax of the affirming text's log-likelihoods after either response", async () => {
    const { tokenizer } = tiny.model;
    const story = {
      ...pair(0, 0),
      prompt: 'All the friends were kind.',
      chosen: 'They loved to help.',
      rejected: 'They loved to fight.',
    };
    const seen: string[] = [];
    const question = likelihoodQuestion({
      tokenizer,
      instructions: ['They helped each other.'],
      contextLength: 1000,
      seed: 1,
      logProbabilities: async (texts) =>
        texts.map(({ tokens, start }) => {
          seen.push(
            `${tokenizer.decode(tokens.slice(0, start))}|${tokenizer.decodeAfter(tokens.slice(0, start), tokens.slice(start))}`,
          );
          const perToken = tokenizer.decode(tokens).includes('help.') ? -0.5 : -0.75;
          return new Float32Array(tokens.length - start).fill(perToken);
        }),
    });
    const {
      pairs: [labelled],
      result,
    } = await label([story], STORY, question, recordingHooks().hooks, null);
    expect(seen).toEqual([
      'All the friends were kind. They loved to help.| They helped each other.',
      'All the friends were kind. They loved to fight.| They helped each other.',
    ]);
    const length = tokenizer.encode('They helped each other.').length;
    expect(labelled?.labelProbability).toBeCloseTo(1 / (1 + Math.exp(-0.25 * length)), 6);
    expect(result).toMatchObject({
      question: 'likelihood',
      orders: null,
      orderDisagreement: null,
      positionBias: null,
      answerMass: null,
      firstPreferred: 1,
    });
  });
});
