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

/** Changes the tokenizer.json of a folder. */
function change(
  folderOf: string,
  alter: (
    json: { model: Record<string, unknown>; added_tokens: unknown[] } & Record<string, unknown>,
  ) => void,
): void {
  const file = path.join(folderOf, 'tokenizer.json');
  const json = JSON.parse(readFileSync(file, 'utf8')) as Parameters<typeof alter>[0];
  alter(json);
  writeFileSync(file, JSON.stringify(json));
}

const texts = fc
  .oneof(
    fc
      .array(fc.constantFrom('a', 'b', ' ', 'ab', ' a', '漢', '😀', 'é', '\n', '</', '.'), { maxLength: 20 })
      .map((pieces) => pieces.join('')),
    fc.string({ unit: 'grapheme', maxLength: 20 }),
  )
  .filter((text) => !text.includes('▁'));

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

  test.each([266, 512, 100_000])('a vocabulary padded to %i is no fault', async (vocabularySize) => {
    const padded = await loadTokenizer(folder, { ...madeUpArchitecture, vocabularySize });
    expect(padded.vocabularySize).toBe(264);
    expect([...padded.encode('ab a')]).toEqual([262, 261, 262]);
  });

  test('a token beyond the vocabulary is refused where a text uses it, by name', async () => {
    const short = await loadTokenizer(folder, { ...madeUpArchitecture, vocabularySize: 263 });
    expect(short.vocabularySize).toBe(263);
    expect([...short.encode('a')]).toEqual([262]);
    expect(() => short.encode('b ab')).not.toThrow();
    const beyond = temporaryFolder();
    writeMadeUpTokenizer(beyond);
    change(beyond, (json) => json.added_tokens.push({ id: 264, content: '[PAD]', special: true }));
    const added = await loadTokenizer(beyond, madeUpArchitecture);
    expect([...added.encode('ab a')]).toEqual([262, 261, 262]);
    expect(() => added.encode('a[PAD]')).toThrow(
      /tokenizer\.json: "\[PAD\]": is token 264, and the model has a vocabulary of 264\. Leave it out of the text/,
    );
    expect([...added.encodePlain('a[PAD]')]).not.toContain(264);
    expect(added.decode([262, 264])).toBe('a');
  });

  test('without tokenizer_config.json the special tokens are those of special_tokens_map.json, if any', async () => {
    const other = temporaryFolder();
    writeMadeUpTokenizer(other);
    rmSync(path.join(other, 'tokenizer_config.json'));
    const open = { ...madeUpArchitecture, bosToken: null, eosTokens: [] };
    expect((await loadTokenizer(other, open)).eosTokens).toEqual([]);
    expect((await loadTokenizer(other, madeUpArchitecture)).eosTokens).toEqual([2]);
    const map = { bos_token: '<s>', eos_token: { content: '</s>', special: true } };
    writeFileSync(path.join(other, 'special_tokens_map.json'), JSON.stringify(map));
    const filled = await loadTokenizer(other, open);
    expect([filled.bosToken, filled.eosTokens]).toEqual([1, [2]]);
  });
});

test("what a user writes stays text: encodePlain makes no special token of a special token's text", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('<s>', '</s>', '<unk>', 'a', ' ab'), { maxLength: 9 }), (parts) => {
      const text = parts.join('');
      const ids = [...tokenizer.encodePlain(text)];
      expect(ids.filter((token) => token < 3)).toEqual([]);
      expect(tokenizer.decode(ids)).toBe(text);
      // So do prompts and responses, whatever the form of the prompts.
      expect([...tokenizer.encodeContinuation(text)]).toEqual(ids);
      const begin = tokenizer.startsWithBos ? [tokenizer.bosToken] : [];
      expect([...tokenizer.encodePrompt(text)]).toEqual([...begin, ...ids]);
    }),
  );
  expect([...tokenizer.encode('</s>')]).toEqual([2]);
});

describe('damaged files', () => {
  const damage = (alter: Parameters<typeof change>[1]): string => {
    const other = temporaryFolder();
    writeMadeUpTokenizer(other);
    change(other, alter);
    return other;
  };
  test.each<[string, Parameters<typeof damage>[0], RegExp]>([
    [
      'an absurd id',
      (json) => Object.assign(json.model['vocab'] as object, { z: 1e15 }),
      /model\.vocab\.z: /,
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
    ['merges that are none', (json) => (json.model['merges'] = 7), /tokenizer\.json: model\.merges/],
    [
      'a normaliser that is not known',
      (json) => (json['normalizer'] = { type: 'BertNormalizer', lowercase: true }),
      /tokenizer\.json: normalizer\.type: is "BertNormalizer", which is not known here\./,
    ],
    [
      'a pattern that is none',
      (json) => (json['pre_tokenizer'] = { type: 'Split', pattern: { Regex: '(' }, behavior: 'Isolated' }),
      /cannot be used as a tokenizer/,
    ],
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
      /tokenizer\.json: is missing\. Put/,
    );
    writeMadeUpTokenizer(other);
    writeFileSync(path.join(other, 'tokenizer.json'), '{"model"');
    await expect(loadTokenizer(other, madeUpArchitecture)).rejects.toThrow(
      /tokenizer\.json: ends inside its first object\. Fetch the file again/,
    );
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
