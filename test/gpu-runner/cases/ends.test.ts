/** Rows end as they end in transformers: at a stop text whose beginning merges with the mark before it, at a tokenizer's own end, and on tokenizers that put a space before every text. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Generator } from '../../../gpu-runner/algorithms/generator.ts';
import { ResponseReader } from '../../../gpu-runner/algorithms/response-text.ts';
import { responseOf } from '../../../gpu-runner/llama/model/sequence.ts';
import { openModel } from '../../../gpu-runner/llama/backends/open-model.ts';
import type { Model } from '../../../gpu-runner/llama/weights/model.ts';
import { NEXT_TURN } from '../../../shared/dialogue/terminal-text.ts';
import { temporaryFolder } from '../llama/weights/made-up-checkpoint.ts';
import { goldens, shared } from './cases.ts';

const cacheDirectory = temporaryFolder();
const ROWS = 400;

/** What a model answers to prompts, at temperature 1. */
async function answers(
  model: Model,
  promptForm: 'dialogue' | 'prefix',
  prompts: readonly string[],
  limit: number,
) {
  const generator = await Generator.open({
    model,
    promptForm,
    temperature: 1,
    topP: 1,
    maximumNewTokens: limit,
    bannedTokens: [],
    seed: 5,
    maximumTime: 128,
    referenceTemperature: 1,
    withReference: false,
    sampleRows: 64,
    scoreRows: 8,
  });
  const requests = prompts.map((prompt, stream) => ({
    promptTokens: model.tokenizer.encodePrompt(prompt),
    stream,
  }));
  const generations = await generator.generate(requests, new AbortController().signal);
  await generator.close();
  const reader = new ResponseReader(model.tokenizer, promptForm);
  return generations.map(({ sequence }) => {
    const { text, ended } = reader.read(sequence);
    return { text, ended, tokens: responseOf(sequence).length };
  });
}

test.for([
  ['stop-merged-newline', 'dialogue'],
  ['eos-missing', 'prefix'],
] as const)('%s: as many answers end, after as many tokens', async ([name, form], context) => {
  const { limit, ended, length } = goldens.ends[name];
  const model = await openModel(shared(`cases/${name}/model`, context), { cacheDirectory });
  const prompts = Array.from({ length: ROWS }, () => goldens.prompt);
  const found = await answers(model, form, prompts, limit);
  const lengths = found.map(({ tokens }) => tokens);
  const share = found.filter((answer) => answer.ended).length / ROWS;
  const mean = lengths.reduce((sum, tokens) => sum + tokens, 0) / ROWS;
  const deviation = Math.sqrt(lengths.reduce((sum, tokens) => sum + (tokens - mean) ** 2, 0) / ROWS);
  // Two samples of 400: four standard errors of their difference.
  expect(Math.abs(share - ended)).toBeLessThan(4 * Math.sqrt((2 * (ended * (1 - ended) + 0.01)) / ROWS));
  expect(Math.abs(mean - length)).toBeLessThan(4 * deviation * Math.sqrt(2 / ROWS));
});

test('stop-dummy-prefix: dialogues go in and out of a tokenizer that puts a space before a text', async (context) => {
  const source = shared('models/stories260K', context);
  const model = await openModel(source, { cacheDirectory });
  const prompts = readFileSync(shared('cases/stop-dummy-prefix/prompts.jsonl', context), 'utf8')
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { prompt: string }).prompt);
  expect(prompts).toHaveLength(60);
  const { tokenizer } = model;
  for (const prompt of prompts) expect(tokenizer.decode(tokenizer.encodePrompt(prompt))).toBe(prompt);
  const found = await answers(model, 'dialogue', prompts, 24);
  // A model of stories writes no turns: every answer is whole, and says what it is.
  expect(found.map(({ ended, tokens }) => [ended, tokens])).toEqual(prompts.map(() => [false, 24]));
  for (const { text } of found) expect(text).not.toContain(NEXT_TURN);
});
