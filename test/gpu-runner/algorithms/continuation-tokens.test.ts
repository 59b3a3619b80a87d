/** A continuation reads back as itself with every kind of tokenizer: those that put a space of their own before a text, too. */
import { expect, it } from 'vitest';
import {
  continuationTokens,
  UnsayableTextError,
} from '../../../gpu-runner/algorithms/continuation-tokens.ts';
import { tokenizerOf } from '../../../gpu-runner/llama/tokenizer/tokenizer.ts';
import { tinyConfiguration } from './tiny-model.ts';

const PIECES = ['<unk>', '<s>', '</s>', '▁', '\n', ...'abcdefghijklmnopqrstuvwxyzABCHIL.!?:,'.split('')];
const added = PIECES.slice(0, 3).map((content, id) => ({
  id,
  content,
  special: true,
  single_word: false,
  lstrip: false,
  rstrip: false,
  normalized: false,
}));

/** Of LLaMA-2's kind: the first space is the tokenizer's own. */
const description = {
  version: '1.0',
  added_tokens: added,
  normalizer: {
    type: 'Sequence',
    normalizers: [
      { type: 'Prepend', prepend: '▁' },
      { type: 'Replace', pattern: { String: ' ' }, content: '▁' },
    ],
  },
  pre_tokenizer: null,
  post_processor: null,
  decoder: {
    type: 'Sequence',
    decoders: [
      { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
      { type: 'Fuse' },
      { type: 'Strip', content: ' ', start: 1, stop: 0 },
    ],
  },
  model: {
    type: 'BPE',
    vocab: Object.fromEntries(PIECES.map((piece, id) => [piece, id])),
    merges: [],
    unk_token: '<unk>',
    byte_fallback: false,
  },
};

const file = (name: string, json: object) =>
  [name, { file: name, bytes: new TextEncoder().encode(JSON.stringify(json)) }] as const;
const tokenizer = tokenizerOf(
  new Map([
    file('tokenizer.json', description),
    file('tokenizer_config.json', { tokenizer_class: 'LlamaTokenizer', bos_token: '<s>', eos_token: '</s>' }),
  ]),
  { ...tinyConfiguration, vocabularySize: PIECES.length },
);

it.each(['Lily was happy.', ' Lily was happy.', 'a', '  two', '\nbelow', 'Hi!\n\nAll: what?'])(
  'says %j behind the end of a chat label, and behind a word',
  (text) => {
    for (const before of ['All:\n', 'All:']) {
      const prompt = tokenizer.encodePrompt(before);
      const tokens = continuationTokens(tokenizer, prompt, text);
      expect(tokenizer.decodeAfter(prompt, tokens)).toBe(text);
    }
  },
);

it('refuses what the tokenizer has no token for', () => {
  expect(() => continuationTokens(tokenizer, tokenizer.encodePrompt('All:'), 'Zoo')).toThrow(
    UnsayableTextError,
  );
});
