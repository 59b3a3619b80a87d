/** The response filter of a principle's form. */
import type { PromptForm } from '../principles/principle.ts';
import { filterChatResponse, type ChatRejection } from './filter-chat-response.ts';
import { filterDialogueResponse } from './filter-dialogue-response.ts';
import type { DialogueRejection, FilterResult } from './filter-dialogue-response.ts';
import { filterStoryResponse } from './filter-story-response.ts';
import type { StoryRejection } from './filter-story-response.ts';

export type RejectionReason = ChatRejection | DialogueRejection | StoryRejection;

const FILTERS: Readonly<Record<PromptForm, (generated: string) => FilterResult<RejectionReason>>> = {
  chat: filterChatResponse,
  dialogue: filterDialogueResponse,
  prefix: filterStoryResponse,
};

/** Filters what a model generated after a prompt of this form. */
export function filterResponse(form: PromptForm, generated: string): FilterResult<RejectionReason> {
  return FILTERS[form](generated);
}
