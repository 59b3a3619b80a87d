/** The share of words: inflected forms, names and contractions are words, what a model makes up is none. */
import { describe, expect, it } from 'vitest';
import { englishWordShare } from '../../../gpu-runner/algorithms/english-words.ts';

const ended = (text: string) => [{ text, ended: true }];

describe('the share of English words', () => {
  it('is one for inflected forms, names, contractions and capitals', async () => {
    const text = 'Lily\u{2019}s friends didn\u{2019}t cry. "HELP!" shouted Timmy, running unhappily.';
    expect(await englishWordShare(ended(text))).toBe(1);
  });

  it('counts what is made up, over all texts together', async () => {
    const texts = [...ended('They could alish the tie.'), ...ended('The wribles ran.')];
    expect(await englishWordShare(texts)).toBe(6 / 8);
  });

  it('leaves out a word that the limit cut, and keeps one that ends a text', async () => {
    expect(await englishWordShare([{ text: 'The dog was happ', ended: false }])).toBe(1);
    expect(await englishWordShare(ended('The dog was happ'))).toBe(3 / 4);
    expect(await englishWordShare([{ text: 'The dog was happy.', ended: false }])).toBe(1);
  });

  it('is null where there is no word', async () => {
    expect(await englishWordShare([])).toBeNull();
    expect(await englishWordShare(ended('3 + 4 = 7'))).toBeNull();
  });
});
