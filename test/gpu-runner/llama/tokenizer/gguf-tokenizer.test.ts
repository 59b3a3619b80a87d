/** Tokenizers of GGUF metadata: ids of SentencePiece itself, byte-level words, and refusals. */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ModelFileError } from '../../../../gpu-runner/files/model-file-error.ts';
import { ggufTokenizer } from '../../../../gpu-runner/llama/tokenizer/gguf-tokenizer.ts';
import type {
  GgufVocabulary,
  RefuseVocabulary,
} from '../../../../gpu-runner/llama/tokenizer/gguf-vocabulary.ts';
import { loadTokenizer, type Tokenizer } from '../../../../gpu-runner/llama/tokenizer/tokenizer.ts';
import { madeUpArchitecture } from '../weights/made-up-checkpoint.ts';

const golden = z
  .object({
    tokens: z.array(z.string()),
    scores: z.array(z.number()),
    types: z.array(z.int()),
    texts: z.array(z.string()),
    ids: z.array(z.array(z.int())),
  })
  .parse(JSON.parse(readFileSync('test/fixtures/gguf/sentencepiece.json', 'utf8')));

const refuse: RefuseVocabulary = (field, fault, cure) => new ModelFileError('model.gguf', field, fault, cure);

const nothing: GgufVocabulary = {
  model: 'llama',
  pre: null,
  tokens: [],
  scores: null,
  tokenTypes: null,
  merges: null,
  bosToken: null,
  eosToken: null,
  unknownToken: null,
  padToken: null,
  addsBos: null,
  addsEos: null,
  addsSpacePrefix: null,
};

const sentencePiece: GgufVocabulary = {
  ...nothing,
  tokens: golden.tokens,
  scores: golden.scores,
  tokenTypes: golden.types,
  unknownToken: 0,
  bosToken: 1,
  eosToken: 2,
};

async function load(vocabulary: GgufVocabulary): Promise<Tokenizer> {
  const folder = mkdtempSync(path.join(tmpdir(), 'rlcd-gguf-'));
  const { tokenizer, config } = ggufTokenizer(vocabulary, refuse);
  writeFileSync(path.join(folder, 'tokenizer.json'), JSON.stringify(tokenizer));
  writeFileSync(path.join(folder, 'tokenizer_config.json'), JSON.stringify(config));
  const bosToken = vocabulary.bosToken;
  const vocabularySize = vocabulary.tokens.filter((token) => !token.startsWith('[PAD')).length;
  return await loadTokenizer(folder, {
    ...madeUpArchitecture,
    vocabularySize,
    bosToken,
    eosTokens: [],
    padToken: 0,
  });
}

describe('SentencePiece', () => {
  it('has the ids that sentencepiece gives, from scores alone', async () => {
    const tokenizer = await load(sentencePiece);
    const found = golden.texts.map((text) => Array.from(tokenizer.encode(text)));
    expect(found).toEqual(golden.ids);
    for (const [index, text] of golden.texts.entries())
      expect(tokenizer.decode(golden.ids[index] ?? [])).toBe(text.replaceAll('▁', ' '));
  });

  it('begins texts with its first token unless the file says no, and puts a space before them unless it says no', async () => {
    expect((await load(sentencePiece)).startsWithBos).toBe(true);
    expect((await load({ ...sentencePiece, addsBos: false })).startsWithBos).toBe(false);
    const bare = await load({ ...sentencePiece, addsSpacePrefix: false });
    expect(bare.decode(bare.encode(' the'))).toBe(' the');
    expect(Array.from(bare.encode(' the'))).toEqual(Array.from((await load(sentencePiece)).encode('the')));
  });

  it('is refused without scores, without bytes, with one text twice', () => {
    expect(() => ggufTokenizer({ ...sentencePiece, scores: null }, refuse)).toThrow(/scores: is missing/);
    expect(() => ggufTokenizer({ ...nothing, tokens: ['a'], scores: [0] }, refuse)).toThrow(
      /has no <0x00> for a byte/,
    );
    expect(() => ggufTokenizer({ ...nothing, tokens: ['a', 'a'], scores: [0, 0] }, refuse)).toThrow(
      /tokens\[1\]: has the text of token 0/,
    );
  });
});

describe('byte-level BPE', () => {
  const letters = Array.from('abcdefghijklmnopqrstuvwxyz0123456789ĠĊ!');
  const byteLevel: GgufVocabulary = {
    ...nothing,
    model: 'gpt2',
    pre: 'smollm',
    tokens: [...letters, 'Ġa', 'ab', '12', '123', '<|end|>', '<think>', '[PAD45]'],
    tokenTypes: [...letters.map(() => 1), 1, 1, 1, 1, 3, 4, 5],
    merges: ['Ġ a', 'a b', '1 2', '12 3'],
    eosToken: 43,
  };
  const textsOf = async (pre: string, text: string): Promise<(string | undefined)[]> =>
    Array.from((await load({ ...byteLevel, pre })).encode(text)).map((id) => byteLevel.tokens[id]);

  it('cuts words as the pre-tokeniser says: digits one by one, by three, or all together', async () => {
    expect(await textsOf('smollm', 'ab123 a')).toEqual(['ab', '1', '2', '3', 'Ġa']);
    expect(await textsOf('llama-bpe', '1231')).toEqual(['123', '1']);
    expect(await textsOf('gpt-2', '1231')).toEqual(['123', '1']);
    expect(await textsOf('qwen2', '123')).toEqual(['1', '2', '3']);
  });

  it('finds control tokens and those that users defined whole, and no filler', async () => {
    expect(await textsOf('smollm', 'a<|end|>b<think>')).toEqual(['a', '<|end|>', 'b', '<think>']);
    const tokenizer = await load(byteLevel);
    expect(Array.from(tokenizer.encode('a!'))).toEqual([0, 38]);
    expect(tokenizer.vocabularySize).toBe(45);
    expect(JSON.stringify(ggufTokenizer(byteLevel, refuse).tokenizer)).not.toContain('[PAD45]');
  });

  it('is refused for words that are not known and merges that do not fit', () => {
    expect(() => ggufTokenizer({ ...byteLevel, pre: 'jais-2' }, refuse)).toThrow(
      /pre: is "jais-2"; known are default, /,
    );
    expect(() => ggufTokenizer({ ...byteLevel, merges: null }, refuse)).toThrow(/merges: is missing/);
    expect(() => ggufTokenizer({ ...byteLevel, merges: ['a c'] }, refuse)).toThrow(
      /merges\[0\]: is not two tokens/,
    );
  });
});
