/** A llama2.c tokenizer after its conversion gives the ids that llama2.c gives, for stories and for any text. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readLlama2cTokenizer } from '../../../../gpu-runner/llama/tokenizer/llama2c-tokenizer.ts';
import { ModelFileError } from '../../../../gpu-runner/files/model-file-error.ts';
import { loadTokenizer, type Tokenizer } from '../../../../gpu-runner/llama/tokenizer/tokenizer.ts';
import { readSharedData } from '../../../shared/read-shared-data.ts';
import {
  type GreedyToken,
  greedyEncode,
  parseTokenizerFile,
  tokenizerFileBytes,
} from './greedy-tokenizer.ts';
import { madeUpArchitecture, temporaryFolder } from '../weights/made-up-checkpoint.ts';
import { sharedModel } from '../weights/shared-models.ts';

async function tokenizerOf(file: string, vocabularySize: number): Promise<Tokenizer> {
  const { tokenizer, config } = await readLlama2cTokenizer(file, vocabularySize);
  const folder = temporaryFolder();
  writeFileSync(path.join(folder, 'tokenizer.json'), JSON.stringify(tokenizer));
  writeFileSync(path.join(folder, 'tokenizer_config.json'), JSON.stringify(config));
  return await loadTokenizer(folder, { ...madeUpArchitecture, vocabularySize });
}

function fileOf(bytes: Uint8Array): string {
  const file = path.join(temporaryFolder(), 'tok.bin');
  writeFileSync(file, bytes);
  return file;
}

const bytes = Array.from({ length: 256 }, (_, byte) => ({
  text: `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`,
  score: 0,
}));
const words = [' ', 'a', 'b', 'é', ' a', 'ab', 'aa', 'abab', ' aba', 'ba', ' ab', 'é ', 'bb', 'aaa', '  '];
const small: GreedyToken[] = [
  { text: '<unk>', score: 0 },
  { text: '\n<s>\n', score: 0 },
  { text: '\n</s>\n', score: 0 },
  ...bytes,
  ...words.map((text, index) => ({ text, score: -((index * 7) % 15) })),
];

/** Text out of pieces that meet every rule, and anything else but the byte order mark, which the library's decoder drops. */
const texts = fc
  .oneof(
    fc
      .array(fc.constantFrom(...words, '漢', '😀', '\n', '<0x41>', '.', '"', '1', 'Once', ' the'), {
        maxLength: 30,
      })
      .map((pieces) => pieces.join('')),
    fc.string({ unit: 'grapheme', maxLength: 30 }),
  )
  .filter((text) => !text.includes('\u{feff}'));

describe('a made-up file', () => {
  test('gives the ids of the greedy merge, and its text back', async () => {
    const tokenizer = await tokenizerOf(fileOf(tokenizerFileBytes(small)), small.length);
    fc.assert(
      fc.property(texts, (text) => {
        expect([...tokenizer.encode(text)]).toEqual(greedyEncode(small, text));
        expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
      }),
      { numRuns: 1500 },
    );
  });

  const whole = tokenizerFileBytes(small);
  const last = small.at(-1);
  test.each<[string, Buffer, number, RegExp]>([
    ['a file cut short', whole.subarray(0, -1), small.length, /token 273: has a length of 2 bytes/],
    ['a header cut short', whole.subarray(0, -6), small.length, /token 273: is cut short/],
    ['fewer tokens than the model', whole, small.length + 5, /holds 274 tokens, the model has 279/],
    ['more tokens than the model', whole, 270, /holds more tokens than the 270 of the model/],
    ['an empty file', Buffer.alloc(0), 270, /holds 0 tokens, the model has 270/],
    [
      'a token twice',
      tokenizerFileBytes([...small, { text: 'a', score: 1 }]),
      275,
      /token 274: repeats token 260/,
    ],
    [
      'NaN',
      tokenizerFileBytes([...small.slice(0, -1), { text: 'q', score: NaN }]),
      274,
      /token 273: has NaN/,
    ],
    ['no byte tokens', tokenizerFileBytes(small.toSpliced(70, 1)), 273, /token 70: is not <0x43>/],
    [
      'an absurd length',
      Buffer.concat([whole, Buffer.from(Int32Array.of(0, 2 ** 30).buffer)]),
      275,
      /token 274: has a length of 1073741824/,
    ],
    [
      'a negative length',
      Buffer.concat([whole, Buffer.from(Int32Array.of(0, -1).buffer)]),
      275,
      /token 274: has a length of -1/,
    ],
    [
      'bytes that are not UTF-8',
      Buffer.concat([whole, Buffer.from(Int32Array.of(0, 1).buffer), Buffer.of(0xff)]),
      275,
      /token 274: is not UTF-8/,
    ],
  ])('refuses %s', async (_name, damaged, vocabularySize, message) => {
    expect(last?.text).toBe('  ');
    const failure = readLlama2cTokenizer(fileOf(damaged), vocabularySize);
    await expect(failure).rejects.toThrow(ModelFileError);
    await expect(failure).rejects.toThrow(message);
  });
});

describe.each([
  { name: 'stories260K/tok512.bin', vocabularySize: 512 },
  { name: 'stories3M-q80/tok4096.bin', vocabularySize: 4096 },
])('$name', ({ name, vocabularySize }) => {
  test('gives the ids of llama2.c for stories and for any text', async (context) => {
    const file = sharedModel(name, context);
    const tokens = parseTokenizerFile(readFileSync(file));
    const tokenizer = await tokenizerOf(file, vocabularySize);
    const stories = readSharedData('data/tinystories-sample/tinystories_sample.txt') ?? '';
    for (const story of stories.split('<|endoftext|>').slice(0, 25)) {
      expect([...tokenizer.encode(story)]).toEqual(greedyEncode(tokens, story));
      expect(tokenizer.decode(tokenizer.encode(story, { bos: true }))).toBe(story);
    }
    fc.assert(
      fc.property(texts, (text) => {
        expect([...tokenizer.encode(text)]).toEqual(greedyEncode(tokens, text));
        expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
      }),
      { numRuns: 500 },
    );
  });
});
