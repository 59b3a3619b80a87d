/** Anthropic HH in its own file format: JSON lines of two whole dialogues. */
import { parseJsonLines, stringField } from './json-lines.ts';
import type { PreferencePair } from './preference-pair.ts';
import { promptOfDialogue, responseOfDialogue } from './prompt-of-dialogue.ts';

/** One HH row: two dialogues, of which people preferred `chosen`. */
export interface HhRow {
  readonly chosen: string;
  readonly rejected: string;
}

/** Reads an HH file (already decompressed); further fields are ignored. @throws DialogueFormatError naming the line */
export function parseHhRows(text: string): HhRow[] {
  return parseJsonLines(text).map((line) => ({
    chosen: stringField(line, 'chosen'),
    rejected: stringField(line, 'rejected'),
  }));
}

/**
 * The pair of an HH row, or null when its two dialogues do not share the prompt (HH has rows in which they part
 * earlier than at the last turn): such a row has a prompt, but no pair of responses to it.
 */
export function pairOfHhRow(row: HhRow): PreferencePair | null {
  const prompt = promptOfDialogue(row.chosen);
  if (promptOfDialogue(row.rejected) !== prompt) return null;
  return {
    prompt,
    chosen: responseOfDialogue(row.chosen),
    rejected: responseOfDialogue(row.rejected),
    labelProbability: 1,
  };
}
