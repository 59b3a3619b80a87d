/**
 * Texts are cut into words as llama.cpp cuts them, under every name that a GGUF file may give (pre-tokenizers/make.py wrote
 * what it answers), but for four where it cuts a text otherwise than the model's own tokenizer.json: there as that does.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { byteLevelTokenizer } from '../../../../gpu-runner/llama/tokenizer/gguf-byte-level.ts';
import { preTokenizers } from '../../../../gpu-runner/llama/tokenizer/gguf-pre-tokenizers.ts';
import {
  TokenizerPipeline,
  tokenizerSchema,
} from '../../../../gpu-runner/llama/tokenizer/pipeline/pipeline.ts';

const { texts, tokens, merges, kinds } = z
  .object({
    texts: z.array(z.string()),
    tokens: z.array(z.string()),
    merges: z.array(z.string()),
    kinds: z.array(
      z.object({ names: z.array(z.string()), ids: z.array(z.array(z.int())), otherwise: z.array(z.int()) }),
    ),
  })
  .parse(JSON.parse(readFileSync(path.join(import.meta.dirname, 'pre-tokenizers', 'goldens.json'), 'utf8')));

const vocabulary = {
  model: 'gpt2',
  tokens,
  merges,
  scores: null,
  tokenTypes: tokens.map((_, id) => (id < 2 ? 3 : 1)),
  bosToken: 0,
  eosToken: 1,
  unknownToken: null,
  padToken: null,
  addsBos: null,
  addsEos: null,
  addsSpacePrefix: null,
};

function pipelineOf(pre: string): TokenizerPipeline {
  const { tokenizer } = byteLevelTokenizer({ ...vocabulary, pre }, (field, fault) => {
    throw new Error(`${field} ${fault}`);
  });
  return new TokenizerPipeline(tokenizerSchema.parse(tokenizer));
}

const named = kinds.flatMap(({ names, ids }) => names.map((name) => [name, ids] as const));

describe.each(named)('%s', (name, ids) => {
  test('has its ids', () => {
    const pipeline = pipelineOf(name);
    expect(texts.map((text) => pipeline.encode(text, false))).toEqual(ids);
    expect(texts.map((_, index) => pipeline.decode(ids[index] ?? []))).toEqual(texts);
  });
});

test('no name is known without that proof', () => {
  expect([...preTokenizers.keys()].toSorted()).toEqual(named.map(([name]) => name).toSorted());
});

test('llama.cpp and the models are at odds over marks and wide spaces alone', () => {
  const odd = kinds.flatMap(({ names, otherwise }) => (otherwise.length > 0 ? [[names[0], otherwise]] : []));
  expect(odd).toEqual([
    ['tekken', [13]],
    ['gpt-4o', [13]],
    ['deepseek-llm', [14]],
    ['deepseek-coder', [14]],
  ]);
});
