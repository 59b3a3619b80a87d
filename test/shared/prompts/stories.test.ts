/** Openings of stories: the first sentences, whole, so that a model goes on. */
import { describe, expect, it } from 'vitest';
import { storyOpening } from '../../../shared/prompts/story-opening.ts';
import { promptsOf } from './read-all.ts';

const storyPrompts = async (text: string) =>
  (await promptsOf(`${text}<|endoftext|>`, { format: 'text' })).map(({ prompt }) => prompt.text);

describe('openings of stories', () => {
  const words = (count: number, first = 'Word') => `${[first, ...Array(count - 1).fill('word')].join(' ')}.`;

  it('are as few whole sentences as give 15 words', async () => {
    const story = [words(8), words(7), words(9)].join(' ');
    expect(await storyPrompts(story)).toEqual([[words(8), words(7)].join(' ')]);
    expect(await storyPrompts(`${words(15)} ${words(3)}`)).toEqual([words(15)]);
  });

  it('leave something to write, are no longer than 40 words, and are not repeated', async () => {
    expect(await storyPrompts(`${words(10)} ${words(10)}`)).toEqual([]);
    expect(await storyPrompts(`${words(41)} ${words(3)}`)).toEqual([]);
    expect(await storyPrompts(`${words(40)} ${words(3)}`)).toHaveLength(1);
    const twice = `${words(20)} ${words(3)}\n<|endoftext|>\n${words(20)} ${words(5)}`;
    expect(await storyPrompts(twice)).toEqual([words(20)]);
  });

  it('keep quotes closed and white space single', async () => {
    const story = `"${words(16, 'Oh')}"\nHe   left. The end.`;
    expect(await storyPrompts(story)).toEqual([`"${words(16, 'Oh')}"`]);
  });

  it.each([
    ['Tom paid 3.50 dollars for the big red kite in the little shop by the old mill.', 'He ran home.'],
    ['The U.S.A. team won the long game in the rain and all the fans went home very happy.', 'They sang.'],
    ['Mr. Fox and Dr. J. Bear went to St. Ives at 10.30 to buy seven red hats.', 'It rained.'],
    ['“Is it 2.5 or 3.5?” asked Anna, who had never seen so many apples in one place before.', '“No.”'],
  ])('end where the sentence does: %s', (first, second) => {
    expect(storyOpening(`${first} ${second} The end.`)).toBe(first);
  });
});
