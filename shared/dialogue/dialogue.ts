/** Dialogues in the notation of Anthropic HH: turns that open with `\n\nHuman:` or `\n\nAssistant:`. */
import { DialogueFormatError } from './errors.ts';

type Speaker = 'Human' | 'Assistant';

/** One turn; `text` is everything after the label's colon up to the next label, white space included. */
export interface Turn {
  readonly speaker: Speaker;
  readonly text: string;
}

const LABEL = /\n\n(Human|Assistant):/g;

/**
 * The turns of a dialogue. Lossless: {@link formatDialogue} gives the same text back.
 *
 * @param text begins with `\n\nHuman:` or `\n\nAssistant:`, as every HH row does
 * @throws DialogueFormatError if it begins with anything else
 */
export function parseDialogue(text: string): Turn[] {
  const labels = [...text.matchAll(LABEL)];
  if (labels[0]?.index !== 0) {
    throw new DialogueFormatError(
      `a dialogue must begin with "\\n\\nHuman:" or "\\n\\nAssistant:", got ${JSON.stringify(text.slice(0, 40))}: ` +
        'put the label of the first turn in front',
    );
  }
  return labels.map((label, index) => ({
    speaker: label[1] === 'Human' ? 'Human' : 'Assistant',
    text: text.slice(label.index + label[0].length, labels[index + 1]?.index ?? text.length),
  }));
}

/** The text of a dialogue's turns, the inverse of {@link parseDialogue}. */
export function formatDialogue(turns: readonly Turn[]): string {
  return turns.map((turn) => `\n\n${turn.speaker}:${turn.text}`).join('');
}
