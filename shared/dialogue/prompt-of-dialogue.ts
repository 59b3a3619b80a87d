/** The prompt in a whole dialogue, and the response that follows it. */
import { DialogueFormatError } from './errors.ts';

/** An assistant's turn begins on a line of its own behind an empty one; "Assistant:" inside a turn is its text. */
const LAST_LABEL = '\n\nAssistant:';

/**
 * The prompt of an HH row: its `chosen` dialogue cut right after the LAST turn label `Assistant:`, white space stripped
 * from both ends (so it begins with `Human:`, without the two newlines). The paper cuts after the last "Assistant:"
 * wherever it stands; in HH's test file that differs in one row, whose response holds a line that begins so.
 *
 * @throws DialogueFormatError if no turn is the assistant's
 */
export function promptOfDialogue(dialogue: string): string {
  return dialogue.slice(0, endOfPrompt(dialogue)).trim();
}

/** What the last `Assistant:` of a dialogue says, stripped; errors as in {@link promptOfDialogue}. */
export function responseOfDialogue(dialogue: string): string {
  return dialogue.slice(endOfPrompt(dialogue)).trim();
}

function endOfPrompt(dialogue: string): number {
  const start = dialogue.lastIndexOf(LAST_LABEL);
  if (start < 0) {
    throw new DialogueFormatError(
      `no turn "Assistant:" in the dialogue ${JSON.stringify(dialogue.slice(0, 40))}: a prompt ends with the assistant's label`,
    );
  }
  return start + LAST_LABEL.length;
}
