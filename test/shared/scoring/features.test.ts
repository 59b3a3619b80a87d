import { assert, property, string } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BUCKETS, featuresOf, MAXIMUM_WORDS, SEEN_BITS, seenBit } from '../../../shared/scoring/features.ts';

describe('features of a text', () => {
  it('are one for each word and each pair of neighbours', () => {
    const { response, prompt, words } = featuresOf({
      prompt: 'One day',
      response: 'Tom was kind. Tom smiled!',
    });
    expect(words).toEqual(['tom', 'was', 'kind', 'tom', 'smiled']);
    expect(response).toHaveLength(5 + 4);
    expect(prompt).toHaveLength(2 + 1);
    expect(response[0]).toBe(response[3]);
  });

  it('of the response are other rows than those of the prompt', () => {
    const { response, prompt } = featuresOf({ prompt: 'kind', response: 'kind' });
    expect(response[0]).not.toBe(prompt[0]);
  });

  it('do not change: published scorers rely on these rows', () => {
    const { response } = featuresOf({ prompt: '', response: 'They hugged and smiled.' });
    expect([...response]).toMatchInlineSnapshot(`
      [
        27992,
        15625,
        31318,
        23052,
        15552,
        22275,
        14854,
      ]
    `);
    expect(seenBit('kind')).toMatchInlineSnapshot(`252490`);
  });

  it('lie in their tables for any text, and long texts are read to a limit', () => {
    assert(
      property(string({ unit: 'binary', maxLength: 200 }), string({ maxLength: 200 }), (prompt, response) => {
        const features = featuresOf({ prompt, response });
        expect([...features.response, ...features.prompt].every((row) => row < BUCKETS)).toBe(true);
        expect(features.words.every((word) => seenBit(word) < SEEN_BITS)).toBe(true);
        expect(featuresOf({ prompt, response })).toEqual(features);
      }),
    );
    expect(featuresOf({ prompt: '', response: 'a b '.repeat(MAXIMUM_WORDS) }).words).toHaveLength(
      MAXIMUM_WORDS,
    );
  });

  it('spread words evenly over the table', () => {
    const rows = Array.from({ length: 20_000 }, (_, index) =>
      featuresOf({ prompt: '', response: `word${index}` }),
    );
    const used = new Set(rows.map(({ response }) => response[0]));
    // 20,000 balls in 32,768 boxes leave (1 - e^-0.61) of them used; a bad hash uses far fewer.
    expect(used.size / BUCKETS).toBeGreaterThan(0.44);
  });
});
