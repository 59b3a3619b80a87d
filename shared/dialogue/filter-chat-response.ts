/** The response filter of chats: an answer that ended, or whole sentences of one that ran to its limit. */
import { END_OF_SEQUENCE, type FilterResult } from './filter-dialogue-response.ts';
import { filterStoryResponse } from './filter-story-response.ts';
import { NEXT_TURN } from './terminal-text.ts';

/**
 * - `empty`: nothing is said
 * - `role-mark`: the answer goes on with turns of its own, so that it is no answer of one side
 * - `no-sentence-end`: it ran to its limit within its first sentence
 */
export type ChatRejection = 'empty' | 'role-mark' | 'no-sentence-end';

const ROLE_MARK = /^ *(?:Human|User|Assistant|System) *:|<\|/m;

/** @param text ends with `\n\nHuman:` where the model ended its turn, and may end with `</s>` */
export function filterChatResponse(text: string): FilterResult<ChatRejection> {
  const generated = text.endsWith(END_OF_SEQUENCE) ? text.slice(0, -END_OF_SEQUENCE.length) : text;
  const ended = generated.endsWith(NEXT_TURN);
  const response = (ended ? generated.slice(0, -NEXT_TURN.length) : generated).trim();
  if (response.length === 0) return { accepted: false, reason: 'empty' };
  if (ROLE_MARK.test(response)) return { accepted: false, reason: 'role-mark' };
  return ended ? { accepted: true, response } : filterStoryResponse(response);
}
