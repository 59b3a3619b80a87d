/** The response filter for plain story models: whole sentences only. */
import type { FilterResult } from './filter-dialogue-response.ts';

/**
 * - `empty`: nothing but white space before the end of the story
 * - `no-sentence-end`: no sentence is complete
 */
export type StoryRejection = 'empty' | 'no-sentence-end';

const END_OF_STORY = /<\/?s>|<\|endoftext\|>/;
const SENTENCE_END = /[.!?]["'”’)]*(?=\s|$)/g;

/**
 * Filters a decoded continuation of a story: cut at the first end-of-story mark (`</s>`, `<s>`, `<|endoftext|>`), keep
 * what lies before the end of the last complete sentence (closing quotes included), strip white space.
 */
export function filterStoryResponse(generated: string): FilterResult<StoryRejection> {
  const end = generated.search(END_OF_STORY);
  const text = (end < 0 ? generated : generated.slice(0, end)).trim();
  if (text.length === 0) return { accepted: false, reason: 'empty' };
  const last = [...text.matchAll(SENTENCE_END)].at(-1);
  if (last === undefined) return { accepted: false, reason: 'no-sentence-end' };
  return { accepted: true, response: text.slice(0, last.index + last[0].length) };
}
