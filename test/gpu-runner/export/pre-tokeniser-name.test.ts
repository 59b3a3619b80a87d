/** How byte-level tokenizers cut words, by llama.cpp's names. */
import { expect, test } from 'vitest';
import { z } from 'zod';
import { preTokeniserName } from '../../../gpu-runner/export/pre-tokeniser-name.ts';
import { byteLevelTokenizer } from '../../../gpu-runner/llama/tokenizer/gguf-byte-level.ts';
import type { GgufVocabulary } from '../../../gpu-runner/llama/tokenizer/gguf-vocabulary.ts';
import { preTokenizers } from '../../../gpu-runner/llama/tokenizer/gguf-pre-tokenizers.ts';

const byteLevel = { type: 'ByteLevel', use_regex: true };
const after = { type: 'ByteLevel', use_regex: false };
const split = (pattern: string) => ({
  type: 'Sequence',
  pretokenizers: [{ type: 'Split', pattern: { Regex: pattern }, behavior: 'Isolated' }, after],
});
const LLAMA_3 = String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`;

test.each<[string, unknown, boolean]>([
  ['gpt-2', byteLevel, false],
  [
    'smollm',
    { type: 'Sequence', pretokenizers: [{ type: 'Digits', individual_digits: true }, byteLevel] },
    false,
  ],
  ['llama-bpe', split(LLAMA_3), true],
  ['dbrx', split(LLAMA_3), false],
  ['qwen2', split(LLAMA_3.replace('{1,3}', '')), false],
])('%s', (name, words, ignoresMerges) => {
  expect(preTokeniserName({ pre_tokenizer: words, model: { ignore_merges: ignoresMerges } })).toBe(name);
});

const vocabulary: GgufVocabulary = {
  model: 'gpt2',
  pre: null,
  tokens: ['a'],
  scores: null,
  tokenTypes: null,
  merges: [],
  bosToken: null,
  eosToken: null,
  unknownToken: null,
  padToken: null,
  addsBos: null,
  addsEos: null,
  addsSpacePrefix: null,
};
const written = z.looseObject({
  pre_tokenizer: z.unknown(),
  model: z.looseObject({ ignore_merges: z.boolean() }),
});

test.each([...preTokenizers])('what a GGUF file calls %s is called so, or the same, again', (pre, known) => {
  const refuse = (field: string): never => expect.unreachable(field);
  const { tokenizer } = byteLevelTokenizer({ ...vocabulary, pre }, refuse);
  const again = preTokenizers.get(preTokeniserName(written.parse(tokenizer)));
  expect(again?.splits).toEqual(known.splits);
  expect(again?.ignoresMerges).toBe(known.ignoresMerges);
});

test('a way that is not known is refused, with what can be done', () => {
  const words = split('[a-z]+');
  expect(() => preTokeniserName({ pre_tokenizer: words, model: {} })).toThrow(
    /not known here. Ask for merged and convert that folder/,
  );
});
