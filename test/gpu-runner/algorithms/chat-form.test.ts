/** The form `chat`: dialogues reach a chat model through its own template, and come back as dialogues. */
import { afterAll, describe, expect, it } from 'vitest';
import { Generator } from '../../../gpu-runner/algorithms/generator.ts';
import { pairSequences } from '../../../gpu-runner/algorithms/preference-model/preference-examples.ts';
import { ResponseReader, scoredPart } from '../../../gpu-runner/algorithms/response-text.ts';
import { sampledResponses } from '../../../gpu-runner/algorithms/simulate/responses.ts';
import { simulate } from '../../../gpu-runner/algorithms/simulate/simulate.ts';
import { promptOf, responseOf } from '../../../gpu-runner/llama/model/sequence.ts';
import { inForm } from '../../../gpu-runner/tasks/in-form.ts';
import { contrastPrompts } from '../../../shared/dialogue/contrast-prompts.ts';
import { filterResponse } from '../../../shared/dialogue/filter-response.ts';
import { NEXT_TURN } from '../../../shared/dialogue/terminal-text.ts';
import { END, openChatModel, START, written } from './chat-model.ts';
import { openTinyModel, recordingHooks } from './tiny-model.ts';

const opened = await openChatModel();
afterAll(opened.close);
const model = await inForm(opened.model, 'chat');
const { tokenizer } = model;
const PAIR = { positive: '(kind)', negative: '(rude)' };
const turn = (role: string, text: string) => `<|im_start|>${role}\n${text}<|im_end|>\n`;

describe('a prompt', () => {
  it('becomes the turns of the template, the affix in the label, the opposite in earlier ones', () => {
    const prompt = 'Human: Hi.\n\nAssistant: Hello.\n\nHuman: How are you?\n\nAssistant:';
    const sides = contrastPrompts({ form: 'chat', responseOpening: '' }, PAIR, prompt);
    const conversation = (earlier: string, last: string) =>
      `${turn('user', 'Hi.')}<|im_start|>assistant${earlier}\nHello.<|im_end|>\n` +
      `${turn('user', 'How are you?')}<|im_start|>assistant${last}\n`;
    expect(written(tokenizer.encodePrompt(sides.plain))).toBe(conversation('', ''));
    expect(written(tokenizer.encodePrompt(sides.positive))).toBe(conversation(' (rude)', ' (kind)'));
    expect(written(tokenizer.encodePrompt(sides.negative))).toBe(conversation(' (kind)', ' (rude)'));
  });

  it('may be plain text, begin with a system turn, and have an opening of the answer', () => {
    const plainOf = (prompt: string, responseOpening = '') =>
      written(tokenizer.encodePrompt(contrastPrompts({ form: 'chat', responseOpening }, PAIR, prompt).plain));
    expect(plainOf('What is rain?')).toBe(`${turn('user', 'What is rain?')}<|im_start|>assistant\n`);
    expect(plainOf('Be brief.\n\nHuman: Hi.\n\nAssistant:', 'Sure')).toBe(
      `${turn('system', 'Be brief.')}${turn('user', 'Hi.')}<|im_start|>assistant\nSure`,
    );
  });

  it('takes no text of the user for a label because it begins like one', () => {
    const asked = 'Write about this.\n\nHuman rights: what are they?';
    expect(written(tokenizer.encodePrompt(`Human: ${asked}\n\nAssistant (kind):`))).toBe(
      `${turn('user', asked)}<|im_start|>assistant (kind)\n`,
    );
  });

  it('makes no special token of what people or affixes say', () => {
    const text = 'Human: Say <|im_end|> and <|im_start|>.\n\nAssistant (<|im_end|>):';
    const ids = Array.from(tokenizer.encodePrompt(text));
    // Those of the template: the user's turn, and the beginning of the answer.
    expect(ids.filter((id) => id === START)).toHaveLength(2);
    expect(ids.filter((id) => id === END)).toHaveLength(1);
    expect(written(ids)).toContain('Say <|im_end|> and');
  });
});

it('a given response is read behind the prompt with the token that ends its turn', () => {
  const pair = { prompt: 'Human: Hi.\n\nAssistant:', chosen: ' Good day. ', rejected: 'Bye <|im_end|>.' };
  const { chosen, rejected } = pairSequences(tokenizer, 'chat', pair);
  expect(written(promptOf(chosen))).toBe(`${turn('user', 'Hi.')}<|im_start|>assistant\n`);
  expect(written(responseOf(chosen))).toBe('Good day.<|im_end|>');
  expect(Array.from(responseOf(rejected)).filter((id) => id === END)).toHaveLength(1);
});

const letters = new Set(['a', 'e', ' ', '.', '\n', ':', 'H'].map((letter) => letter.charCodeAt(0)));
const bannedTokens = Array.from({ length: 258 }, (_, id) => id).filter(
  (id) => id !== END && !letters.has(id),
);

async function openGenerator(maximumNewTokens: number) {
  return await Generator.open({
    model,
    promptForm: 'chat',
    temperature: 3,
    topP: 1,
    maximumNewTokens,
    bannedTokens,
    seed: 5,
    maximumTime: 160,
    referenceTemperature: 1,
    withReference: false,
    sampleRows: 64,
    scoreRows: 8,
  });
}

it('an answer ends by the token that ends a turn, reads as a dialogue, and counts as ended then alone', async () => {
  const generator = await openGenerator(12);
  const promptTokens = tokenizer.encodePrompt('Human: Hi.\n\nAssistant:');
  const requests = Array.from({ length: 64 }, (_, stream) => ({ promptTokens, stream }));
  const generations = await generator.generate(requests, new AbortController().signal);
  await generator.close();
  const reader = new ResponseReader(tokenizer, 'chat');
  const ends = generations.map(({ sequence }) => {
    const ids = Array.from(responseOf(sequence));
    const read = reader.read(sequence);
    const { text, ended, scoredTokens, closing } = read;
    const said = written(ids.filter((id) => id !== END));
    const byToken = ids.at(-1) === END;
    expect(ids.slice(0, -1)).not.toContain(END);
    expect(text).toBe(byToken ? said + NEXT_TURN : said);
    expect(ended).toBe(byToken && said.trim() !== '');
    // What ran to its limit is read to its last whole sentence, where it has one, and closed as if it had ended there.
    const kept = filterResponse('chat', text);
    const scored = tokenizer.decodeAfter(promptTokens, ids.slice(0, scoredTokens));
    expect(scored.trimEnd()).toBe(
      !ended && kept.accepted
        ? text.slice(0, text.indexOf(kept.response) + kept.response.length)
        : text.trimEnd(),
    );
    expect(Array.from(closing)).toEqual(byToken ? [] : [END]);
    expect(scoredPart(sequence, read).at(-1)).toBe(END);
    return byToken;
  });
  expect(new Set(ends).size).toBe(2);
});

it('simulates pairs of answers, with and without an end', async () => {
  const generator = await openGenerator(40);
  const outcome = await simulate(
    {
      affixPairs: [PAIR],
      prompts: Array.from({ length: 24 }, (_, row) => ({ id: `p${row}`, text: `Say ${row}.`, row })),
      seed: 1,
    },
    {
      promptForm: 'chat',
      responseOpening: '',
      sides: 'contrast',
      maximumTries: 5,
      contextLength: 160,
      maximumNewTokens: 40,
      batchSize: 64,
      checkpointEvery: 10,
    },
    sampledResponses(tokenizer, (requests, signal) => generator.generate(requests, signal), 120),
    recordingHooks().hooks,
    null,
  );
  await generator.close();
  expect(outcome.pairs.length).toBeGreaterThan(12);
  for (const { prompt, chosen, rejected } of outcome.pairs) {
    expect(prompt).toMatch(/^Human: Say \d+\.\n\nAssistant:$/);
    for (const side of [chosen, rejected]) expect(side).toMatch(/^[ae .:H\n]+$/);
  }
});

describe('the filter of chats', () => {
  it.each([
    [`It rains.${NEXT_TURN}`, 'It rains.'],
    [`No full stop${NEXT_TURN}</s>`, 'No full stop'],
    ['It rains. It po', 'It rains.'],
    ['Humans like rain. ', 'Humans like rain.'],
  ])('keeps %j', (text, response) => {
    expect(filterResponse('chat', text)).toEqual({ accepted: true, response });
  });
  it.each([
    [NEXT_TURN, 'empty'],
    ['It ra', 'no-sentence-end'],
    [`It rains.\n\nUser: Why?${NEXT_TURN}`, 'role-mark'],
    ['It rains.\nAssistant: It does.', 'role-mark'],
    [`<|im_start|>It rains.${NEXT_TURN}`, 'role-mark'],
  ])('refuses %j', (text, reason) => {
    expect(filterResponse('chat', text)).toEqual({ accepted: false, reason });
  });
});

it('a chat with a model that has no template is refused by name', async () => {
  const tiny = await openTinyModel();
  await expect(inForm(tiny.model, 'chat')).rejects.toThrow(/no chat template/);
  expect(await inForm(tiny.model, 'prefix')).toBe(tiny.model);
  tiny.close();
});
