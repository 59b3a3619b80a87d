/** A dialogue in the labels of Anthropic HH as turns, with what affixes put into the labels of the assistant. */

export interface LabelledTurn {
  readonly role: 'system' | 'user' | 'assistant';
  readonly text: string;
  /** `kind` of `Assistant kind:`; empty for none, and always for the other side. */
  readonly label: string;
}

/** The assistant's turn that is to be said. */
export interface OpenTurn {
  readonly label: string;
  /** What it begins with; empty for none. */
  readonly opening: string;
}

const LABEL = /(?:^|\n\n)(Human|Assistant)(?: ([^:\n]*))?:/g;

/**
 * The turns of a prompt that ends in an open turn of the assistant. Text before the first label is the system's; a text
 * without labels is one turn of the user.
 */
export function labelledTurns(prompt: string): { readonly turns: LabelledTurn[]; readonly open: OpenTurn } {
  const labels = [...prompt.matchAll(LABEL)];
  const [first] = labels;
  const open = { label: '', opening: '' };
  if (first === undefined) return { turns: [{ role: 'user', text: prompt.trim(), label: '' }], open };
  const before = prompt.slice(0, first.index).trim();
  const turns = labels.map((label, index): LabelledTurn => {
    const end = labels[index + 1]?.index ?? prompt.length;
    const text = prompt.slice(label.index + label[0].length, end).trim();
    return { role: label[1] === 'Human' ? 'user' : 'assistant', text, label: label[2] ?? '' };
  });
  if (before !== '') turns.unshift({ role: 'system', text: before, label: '' });
  const last = turns.at(-1);
  if (last?.role !== 'assistant') return { turns, open };
  return { turns: turns.slice(0, -1), open: { label: last.label, opening: last.text } };
}
