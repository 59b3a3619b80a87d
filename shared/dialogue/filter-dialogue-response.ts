/** The response filter of the RLCD simulation: the paper's rules, in the paper's order, each refusal with its reason. */

/**
 * - `no-human-turn`: no `Human` occurs, so the assistant's turn has no known end
 * - `no-line-end`: before the first `Human` neither a newline nor `</s>` is left
 * - `empty`: nothing is left after the cuts
 */
export type DialogueRejection = 'no-human-turn' | 'no-line-end' | 'empty';

/** What a filter says of one generated text. */
export type FilterResult<Reason extends string> =
  | { readonly accepted: true; readonly response: string }
  | { readonly accepted: false; readonly reason: Reason };

export const END_OF_SEQUENCE = '</s>';
const ASSISTANT = 'Assistant:';

/** Filters a decoded continuation of a dialogue prompt; special tokens must still be in the text (`</s>`). */
export function filterDialogueResponse(generated: string): FilterResult<DialogueRejection> {
  const human = generated.indexOf('Human');
  if (human < 0) return { accepted: false, reason: 'no-human-turn' };
  let text = generated.slice(0, human);
  if (!text.includes('\n') && !text.includes(END_OF_SEQUENCE))
    return { accepted: false, reason: 'no-line-end' };
  const newline = text.lastIndexOf('\n');
  if (newline >= 0) text = text.slice(0, newline).trim();
  const end = text.indexOf(END_OF_SEQUENCE);
  if (end >= 0) text = text.slice(0, end).trim();
  const assistant = text.indexOf(ASSISTANT);
  if (assistant >= 0) text = text.slice(assistant + ASSISTANT.length).trim();
  return text.length === 0 ? { accepted: false, reason: 'empty' } : { accepted: true, response: text };
}
