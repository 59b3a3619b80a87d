/** The response filter of a principle's form. */
import type { PromptForm } from '../principles/principle.ts';
import { filterDialogueResponse } from './filter-dialogue-response.ts';
import type { DialogueRejection, FilterResult } from './filter-dialogue-response.ts';
import { filterStoryResponse } from './filter-story-response.ts';
import type { StoryRejection } from './filter-story-response.ts';

export type RejectionReason = DialogueRejection | StoryRejection;

/** Filters what a model generated after a prompt of this form. */
export function filterResponse(form: PromptForm, generated: string): FilterResult<RejectionReason> {
  return form === 'dialogue' ? filterDialogueResponse(generated) : filterStoryResponse(generated);
}
