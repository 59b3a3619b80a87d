import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { introductions } from '../../../shared/principles/kind-stories/cast.ts';
import { scenes } from '../../../shared/principles/kind-stories/scenes.ts';
import {
  formatStoryOpenings,
  splitOfScene,
  storyOpenings,
} from '../../../shared/principles/kind-stories/story-openings.ts';
import { ngrams } from '../../../shared/text/ngrams.ts';
import { words } from '../../../shared/text/words.ts';
import { readSharedData } from '../read-shared-data.ts';

const openings = storyOpenings();
const ofSplit = (split: string) => openings.filter((opening) => opening.split === split);

describe('story openings', () => {
  it('the shipped file is what the generator gives (npm run openings writes it)', () => {
    const file = new URL('../../../shared/principles/kind-stories/openings.jsonl', import.meta.url);
    expect(readFileSync(file, 'utf8')).toBe(formatStoryOpenings(openings));
  });

  it('are 2,400 different ones: 1,440 train, 480 dev, 480 test', () => {
    expect(new Set(openings.map((opening) => opening.text)).size).toBe(2400);
    expect(['train', 'dev', 'test'].map((split) => ofSplit(split).length)).toEqual([1440, 480, 480]);
    expect(openings.map((opening) => opening.id)).toEqual([...openings.keys()]);
  });

  it('come from 120 scenes and 24 introductions; no scene is in two splits', () => {
    expect([scenes.length, introductions.length]).toEqual([120, 24]);
    expect(new Set(scenes.map(([, text]) => text)).size).toBe(120);
    for (const { scene, split } of openings) expect(split).toBe(splitOfScene(scene));
    expect(new Set(openings.map((opening) => opening.scene)).size).toBe(120);
  });

  it('have 15 to 40 words and end in the middle of the story, at the end of a sentence', () => {
    for (const { text } of openings) {
      const length = text.split(' ').length;
      expect(length).toBeGreaterThanOrEqual(15);
      expect(length).toBeLessThanOrEqual(40);
      expect(text).toMatch(/^[A-Z].*[.?!]"?$/);
    }
  });

  it('are filled in everywhere, with sentences that begin with a capital and no doubled words', () => {
    for (const { text } of openings) {
      expect(text).not.toMatch(/[{}[\]|]| {2}|\b(\w+) \1\b/);
      expect(text).not.toMatch(/[.!] "?[a-z]/);
      expect(text).not.toMatch(/\ba [aeiou]/i);
    }
  });

  it('any first openings of a split are spread over its scenes', () => {
    for (const split of ['train', 'dev', 'test']) {
      const some = ofSplit(split).slice(0, 24);
      expect(new Set(some.map((opening) => opening.scene)).size).toBe(24);
    }
  });

  it('share no scene text across splits: less than half of an opening’s word trigrams occur in any one of another split', () => {
    const grams = openings.map(({ text }) => new Set(ngrams(words(text), 3)));
    let [nearest, sum, count] = [0, 0, 0];
    for (const [row, opening] of openings.entries()) {
      if (opening.split !== 'test') continue;
      const own = [...(grams[row] ?? [])];
      let best = 0;
      for (const [other, { split }] of openings.entries()) {
        if (split === 'test') continue;
        const shared = own.filter((gram) => grams[other]?.has(gram)).length / own.length;
        best = Math.max(best, shared);
      }
      nearest = Math.max(nearest, best);
      sum += best;
      count++;
    }
    console.info(
      `trigram overlap of a test opening with its nearest of train and dev: mean ${(sum / count).toFixed(3)}, largest ${nearest.toFixed(3)}`,
    );
    expect(nearest).toBeLessThan(0.5);
    expect(sum / count).toBeLessThan(0.3);
  });

  it('another seed gives other openings of the same scenes', () => {
    const others = storyOpenings(1);
    const known = new Set(openings.map((opening) => opening.text));
    expect(others.filter((opening) => known.has(opening.text)).length).toBeLessThan(150);
    expect(storyOpenings()).toEqual(openings);
  });

  const stories = readSharedData('data/tinystories-sample/tinystories_sample.txt');
  it.skipIf(stories === null)(
    'speak the language of TinyStories: at least 98 % of words are in its sample',
    () => {
      const vocabulary = new Set(words(stories ?? ''));
      const used = openings.flatMap((opening) => words(opening.text));
      expect(used.filter((word) => vocabulary.has(word)).length / used.length).toBeGreaterThanOrEqual(0.98);
    },
  );
});
