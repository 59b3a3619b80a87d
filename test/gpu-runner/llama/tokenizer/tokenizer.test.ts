/** The tokenizer of a model: ids and back, half characters, and tokenizers of other models. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { ModelFileError } from '../../../../gpu-runner/files/model-file-error.ts';
import { loadTokenizer, type Tokenizer } from '../../../../gpu-runner/llama/tokenizer/tokenizer.ts';
import { readSharedData } from '../../../shared/read-shared-data.ts';
import { madeUpArchitecture, temporaryFolder, writeMadeUpTokenizer } from '../weights/made-up-checkpoint.ts';
import { sharedModel } from '../weights/shared-models.ts';

let folder: string;
let tokenizer: Tokenizer;

beforeAll(async () => {
  folder = temporaryFolder();
  writeMadeUpTokenizer(folder);
  tokenizer = await loadTokenizer(folder, madeUpArchitecture);
});

/** The byte order mark is the one character that the library's decoder drops. */
const texts = fc
  .oneof(
    fc
      .array(fc.constantFrom('a', 'b', ' ', 'ab', ' a', '漢', '😀', 'é', '\n', '</', '.'), { maxLength: 20 })
      .map((pieces) => pieces.join('')),
    fc.string({ unit: 'grapheme', maxLength: 20 }),
  )
  .filter((text) => !/[\u{feff}▁]/u.test(text));

test('known ids', () => {
  // "▁" and "a" merge first, so "▁ab" is "▁a", "b"; the second word is "▁a".
  expect([...tokenizer.encode('ab a')]).toEqual([262, 261, 262]);
});

test('a text comes back from its ids', () => {
  fc.assert(
    fc.property(texts, (text) => {
      expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
      expect(tokenizer.decode(tokenizer.encode(text, { bos: true }))).toBe(text);
    }),
    { numRuns: 500 },
  );
});

test('the begin token comes first when it is asked for, and special tokens are silent', () => {
  expect(tokenizer.encode('a', { bos: true })[0]).toBe(1);
  expect([...tokenizer.encode('', { bos: true })]).toEqual([1]);
  expect(tokenizer.encode('')).toHaveLength(0);
  expect(tokenizer.decode([])).toBe('');
  expect(tokenizer.decode([1, 2, 0])).toBe('');
  expect(tokenizer.decode([1, ...tokenizer.encode('ab'), 2])).toBe('ab');
});

test('a text split anywhere between tokens: what follows is told with its space', () => {
  fc.assert(
    fc.property(texts, fc.nat(40), (text, place) => {
      const ids = [...tokenizer.encode(text, { bos: true })];
      const cut = place % (ids.length + 1);
      const before = tokenizer.decode(ids.slice(0, cut)).replace(/\u{fffd}+$/u, '');
      expect(before + tokenizer.decodeAfter(ids.slice(0, cut), ids.slice(cut))).toBe(text);
    }),
    { numRuns: 500 },
  );
});

describe('what belongs to the model', () => {
  test('its end tokens and begin token win; the tokenizer fills in those it lacks', async () => {
    const given = await loadTokenizer(folder, { ...madeUpArchitecture, bosToken: 5, eosTokens: [7, 8] });
    expect([given.bosToken, given.eosTokens]).toEqual([5, [7, 8]]);
    const filled = await loadTokenizer(folder, { ...madeUpArchitecture, bosToken: null, eosTokens: [] });
    expect([filled.bosToken, filled.eosTokens]).toEqual([1, [2]]);
  });

  test('a vocabulary that only rounds the matrix up is accepted', async () => {
    const architecture = { ...madeUpArchitecture, vocabularySize: 266 };
    expect((await loadTokenizer(folder, architecture)).vocabularySize).toBe(264);
  });

  test.each([
    [263, /has ids up to 263, the model has a vocabulary of 263\. Put the model's own tokenizer/],
    [512, /has 264 tokens, the model has a vocabulary of 512\. Put/],
  ])('a model with %i tokens has another tokenizer', async (vocabularySize, message) => {
    const failure = loadTokenizer(folder, { ...madeUpArchitecture, vocabularySize });
    await expect(failure).rejects.toThrow(ModelFileError);
    await expect(failure).rejects.toThrow(message);
  });
});

describe('damaged files', () => {
  const damage = (
    change: (json: { model: Record<string, unknown>; added_tokens: unknown }) => void,
  ): string => {
    const other = temporaryFolder();
    writeMadeUpTokenizer(other);
    const file = path.join(other, 'tokenizer.json');
    const json = JSON.parse(readFileSync(file, 'utf8')) as Parameters<typeof change>[0];
    change(json);
    writeFileSync(file, JSON.stringify(json));
    return other;
  };
  test.each<[string, Parameters<typeof damage>[0], RegExp]>([
    [
      'an absurd id',
      (json) => Object.assign(json.model['vocab'] as object, { z: 1e15 }),
      /has ids up to 1000000000000000/,
    ],
    [
      'an id twice',
      (json) => Object.assign(json.model['vocab'] as object, { z: 5 }),
      /gives one id to two tokens/,
    ],
    [
      'a negative id',
      (json) => Object.assign(json.model['vocab'] as object, { z: -1 }),
      /tokenizer\.json: model\.vocab/,
    ],
    ['no vocabulary', (json) => delete json.model['vocab'], /tokenizer\.json: model\.vocab/],
    ['merges that are none', (json) => (json.model['merges'] = 7), /cannot be used as a tokenizer/],
    ['an unknown model', (json) => (json.model['type'] = 'Magic'), /tokenizer\.json: model\.type/],
    [
      'added tokens that are none',
      (json) => (json.added_tokens = [{ id: 'x' }]),
      /tokenizer\.json: added_tokens/,
    ],
  ])('%s', async (_name, change, message) => {
    const failure = loadTokenizer(damage(change), madeUpArchitecture);
    await expect(failure).rejects.toThrow(ModelFileError);
    await expect(failure).rejects.toThrow(message);
  });

  test('absent or unreadable', async () => {
    const other = temporaryFolder();
    await expect(loadTokenizer(other, madeUpArchitecture)).rejects.toThrow(
      /tokenizer\.json: cannot be read\. Put/,
    );
    writeMadeUpTokenizer(other);
    rmSync(path.join(other, 'tokenizer_config.json'));
    await expect(loadTokenizer(other, madeUpArchitecture)).rejects.toThrow(
      /tokenizer_config\.json: cannot be read/,
    );
    writeFileSync(path.join(other, 'tokenizer.json'), '{"model"');
    await expect(loadTokenizer(other, madeUpArchitecture)).rejects.toThrow(/tokenizer\.json: is not JSON/);
  });
});

test('TinyStories-656K: ids of whole stories come back as their text', async (context) => {
  const model = sharedModel('TinyStories-656K', context);
  const own = await loadTokenizer(model, { ...madeUpArchitecture, vocabularySize: 2048 });
  expect(own.startsWithBos).toBe(true);
  const stories =
    readSharedData('data/tinystories-sample/tinystories_sample.txt')?.split('<|endoftext|>') ?? [];
  const plain = stories.slice(0, 200).map((story) => story.replaceAll(/[^A-Za-z ,.!?'"]/g, '').trim());
  for (const story of plain) expect(own.decode(own.encode(story, { bos: true }))).toBe(story);
  // The ids of its tokenizer.json in Hugging Face's own implementation (tokenizers 0.23.2).
  const known = [...own.encode('Once upon a time, Lily said hello.')];
  expect(known).toEqual([80, 147, 201, 282, 215, 303, 386, 109, 113, 67, 10]);
});
