/** A dialogue in the labels of Anthropic HH as turns, with what affixes put into the labels of the assistant. */
import { splitTurns, type Turn } from '../prompts/turn.ts';
import { SYSTEM_LABEL, withoutGuards } from './turn-text.ts';

export interface LabelledTurn extends Turn {
  /** `kind` of `Assistant kind:`; empty for none, and always for the other side. */
  readonly label: string;
}

/** The assistant's turn that is to be said. */
export interface OpenTurn {
  readonly label: string;
  /** What it begins with; empty for none. */
  readonly opening: string;
}

/** An affix stands in the assistant's label alone: "Human rights:" in a text is text. */
const LABEL = new RegExp(
  String.raw`(?:^|\n\n)((?:Human|${SYSTEM_LABEL})(?=:)|Assistant)(?: ([^:\n]*))?:`,
  'g',
);

/**
 * The turns of a prompt that ends in an open turn of the assistant. Text before the first label is the system's; a text
 * without labels is one turn of the user.
 */
export function labelledTurns(prompt: string): { readonly turns: LabelledTurn[]; readonly open: OpenTurn } {
  const turns = splitTurns(prompt, LABEL).map(({ role, text, label }) => ({
    role,
    text: withoutGuards(text),
    label,
  }));
  const last = turns.at(-1);
  if (last?.role !== 'assistant') return { turns, open: { label: '', opening: '' } };
  return { turns: turns.slice(0, -1), open: { label: last.label, opening: last.text } };
}
