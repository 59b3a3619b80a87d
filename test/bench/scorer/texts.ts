/** Texts of about 200 tokens for measuring speed: story openings joined. */
import { storyOpenings } from '../../../shared/principles/kind-stories/story-openings.ts';

const WORDS = 160;

/** @returns the text number `index`; distinct for the first thousand */
export function longText(index: number): string {
  const openings = storyOpenings();
  const words: string[] = [];
  for (let next = index * 7; words.length < WORDS; next++) {
    words.push(...(openings[next % openings.length]?.text ?? '').split(' '));
  }
  return words.slice(0, WORDS).join(' ');
}
