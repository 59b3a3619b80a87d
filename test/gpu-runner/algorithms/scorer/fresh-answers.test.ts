/** Which answers the teacher is to score: contrasts and plain pairs, each from streams of its own. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freshPairs } from '../../../../gpu-runner/algorithms/scorer/fresh-answers.ts';
import { openTinyModel, tinyConfiguration, tinyPrompts } from '../tiny-model.ts';

let tiny: Awaited<ReturnType<typeof openTinyModel>>;
beforeAll(async () => {
  tiny = await openTinyModel();
});
afterAll(() => tiny.close());

const settings = {
  promptForm: 'prefix',
  responseOpening: '',
  maximumNewTokens: 16,
  contextLength: tinyConfiguration.maximumPositions,
  freshRounds: 3,
} as const;
const affixPairs = [
  { positive: 'kind ', negative: 'mean ' },
  { positive: 'gentle ', negative: 'angry ' },
];
const prompts = tinyPrompts(8);

const ask = (changes: Partial<typeof settings> = {}, rows = prompts, pairs = affixPairs) =>
  freshPairs(
    { prompts: rows, affixPairs: pairs, seed: 3 },
    { ...settings, ...changes },
    tiny.model.tokenizer,
  );
const text = (tokens: Int32Array) => tiny.model.tokenizer.decode(tokens).trim();

describe('fresh answers', () => {
  it('are a contrast and a plain pair for each prompt in every round', () => {
    const pairs = ask();
    expect(pairs).toHaveLength(2 * 3 * prompts.length);
    for (const { source, prompt, answers } of pairs) {
      const sampled = answers.map(({ promptTokens }) => text(promptTokens));
      const contrasts = affixPairs.map(({ positive, negative }) => [positive + prompt, negative + prompt]);
      expect(source === 'fresh' ? [[prompt, prompt]] : contrasts).toContainEqual(sampled);
      expect(answers.map(({ plainTokens }) => text(plainTokens))).toEqual([prompt, prompt]);
    }
  });

  it('draw affix pairs anew in every round, and never share a stream', () => {
    const pairs = ask();
    const streams = pairs.flatMap(({ answers }) => answers.map(({ stream }) => stream));
    expect(new Set(streams).size).toBe(streams.length);
    const first = pairs.flatMap(({ source, answers }) =>
      source === 'contrast' ? [text(answers[0].promptTokens).split(' ')[0]] : [],
    );
    expect(new Set(first)).toEqual(new Set(['kind', 'gentle']));
    const rounds = [0, 1, 2].map((round) =>
      first.slice(round * prompts.length, (round + 1) * prompts.length).join(),
    );
    expect(new Set(rounds).size).toBeGreaterThan(1);
  });

  it('of a prompt depend on its row alone, not on what else is asked', () => {
    const alone = ask({}, prompts.slice(5, 6)).map(({ answers }) => answers);
    const among = ask().filter(({ prompt }) => prompt === prompts[5]?.text);
    expect(among.map(({ answers }) => answers)).toEqual(alone);
  });

  it('need a prompt, an affix pair, and room for the response', () => {
    expect(() => ask({}, [])).toThrow('no prompt');
    expect(() => ask({}, prompts, [])).toThrow('no affix pair');
    expect(() => ask({ maximumNewTokens: tinyConfiguration.maximumPositions - 1 } as never)).toThrow(
      /tokens/,
    );
  });
});
