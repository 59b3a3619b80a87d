import { assert, property, string } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BUCKETS, featuresOf, MAXIMUM_WORDS, SEEN_BITS, seenBit } from '../../../shared/scoring/features.ts';

describe('features of a text', () => {
  it('are words, marks and pairs, each once with its distance from the end, and the last places', () => {
    const { response, prompt, words } = featuresOf({
      prompt: 'One day',
      response: 'Tom was kind. Tom smiled!',
    });
    expect(words).toEqual(['tom', 'was', 'kind', 'tom', 'smiled']);
    // Five words and two marks: two rows a word, two a pair, one for each of the last places (seven of eight).
    expect(response).toHaveLength(2 * 7 + 2 * 6 + 7);
    expect(prompt).toHaveLength(2 + 1);
    // "tom" twice: the word's row is the same, the rows of its two distances differ.
    const distances = response.subarray(7 + 6);
    expect(response[0]).toBe(response[4]);
    expect(distances[0]).not.toBe(distances[4]);
  });

  it('tell where a word stands from the end, finely there and coarsely before', () => {
    const rows = (response: string) => featuresOf({ prompt: '', response }).response;
    const [near, far] = [rows('a a a a a a a a a a mean a'), rows('mean a a a a a a a a a a a')];
    expect(near.toSorted()).not.toEqual(far.toSorted());
    // Distances 10 and 11 are one bin, and neither is among the last places.
    const [tenth, eleventh] = [rows('a a a mean b a a a a a a a a'), rows('a a mean b a a a a a a a a a')];
    expect(tenth.toSorted()).toEqual(eleventh.toSorted());
    expect(rows('He was kind!').toSorted()).not.toEqual(rows('He was kind.').toSorted());
  });

  it('of the response are other rows than those of the prompt', () => {
    const { response, prompt } = featuresOf({ prompt: 'kind', response: 'kind' });
    expect(response[0]).not.toBe(prompt[0]);
  });

  it('do not change: published scorers rely on these rows', () => {
    const { response } = featuresOf({ prompt: '', response: 'They hugged and smiled.' });
    expect([...response]).toMatchInlineSnapshot(`
      [
        60760,
        15625,
        64086,
        23052,
        63127,
        15552,
        22275,
        47622,
        8729,
        40297,
        8034,
        36535,
        61452,
        7262,
        48446,
        9519,
        14608,
        60334,
        7328,
        48218,
        53498,
        21110,
        5474,
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
    // 20,000 balls in 65,536 boxes leave (1 - e^-0.305) of them used; a bad hash uses far fewer.
    expect(used.size / BUCKETS).toBeGreaterThan(0.26);
  });
});
