/** A tokenizer of another model: refused where it cannot be the model's own, told where it hardly can; a padded vocabulary is neither. */
import { describe, expect, it } from 'vitest';
import { doubtsOf, strangeVocabulary } from '../../../../gpu-runner/llama/tokenizer/belongs-to-model.ts';
import { tokenizerSchema } from '../../../../gpu-runner/llama/tokenizer/pipeline/pipeline.ts';

const words = Array.from({ length: 100 }, (_, id) => `w${id}`);
const special = ['<s>', '</s>'];

function tokenizer(merges: string[] = []) {
  const vocab = Object.fromEntries([...special, ...words, 'a', 'b', 'ab'].map((text, id) => [text, id]));
  const added = [...special, '<new>'].map((content, id) => ({
    content,
    id: id < 2 ? id : 105,
    special: true,
  }));
  return tokenizerSchema.parse({ added_tokens: added, model: { type: 'BPE', vocab, merges } });
}

const own = { vocabularySize: 105, bosToken: 0, eosTokens: [1] };

describe('what cannot be', () => {
  it('a vocabulary larger than the embedding by more than a tenth', () => {
    expect(strangeVocabulary(tokenizer(), { ...own, vocabularySize: 95 })).toBeNull();
    expect(strangeVocabulary(tokenizer(), { ...own, vocabularySize: 90 })).toEqual({
      field: 'model.vocab',
      fault: "has 103 tokens, and the model rows for 90: it is another model's",
    });
  });

  it.each([['a c'], ['b a'], ['c d']])('merges of another file: %s', (merge) => {
    expect(strangeVocabulary(tokenizer(['a b']), own)).toBeNull();
    expect(strangeVocabulary(tokenizer(['a b', merge]), own)).toMatchObject({
      field: 'model.merges.1',
      fault: expect.stringContaining(JSON.stringify(merge)) as string,
    });
  });
});

describe('what is unlikely', () => {
  it('nothing of a model with its own tokenizer, padded or not, with ends or none', () => {
    for (const ids of [own, { ...own, vocabularySize: 112 }, { ...own, bosToken: null, eosTokens: [] }]) {
      expect(doubtsOf(tokenizer(), ids)).toEqual([]);
    }
    expect(doubtsOf(tokenizer(), { ...own, eosTokens: [1, 17] })).toEqual([]);
  });

  it('far more rows than tokens, ends and beginnings that are pieces of text', () => {
    expect(doubtsOf(tokenizer(), { vocabularySize: 1000, bosToken: 20, eosTokens: [17] })).toEqual([
      'it has 106 tokens, the model 1000 rows',
      'the model ends at token 17, which is "w15" there: a piece of text, no end',
      'the model begins with token 20, which is "w18" there: a piece of text',
    ]);
  });
});
