/** A prompt as turns of a conversation, and the texts that are the same turns. */

/** What one side says; `text` as it was written. */
export interface Turn {
  readonly role: 'system' | 'user' | 'assistant';
  readonly text: string;
}

/**
 * A prompt as it is kept. Where `turns` is null they are those of the text ({@link turnsOfText}); they stand apart only
 * where the text would be read otherwise: a user who writes "Human:", white space at a turn's end.
 */
export interface Prompt {
  readonly text: string;
  readonly turns: readonly Turn[] | null;
}

const ROLES: Readonly<Record<string, Turn['role']>> = { Human: 'user', Assistant: 'assistant' };
const LABEL = /(?:^|\n\n)(Human|Assistant):/g;
/** The assistant's next turn, still to be said. */
export const OPEN_TURN = '\n\nAssistant:';

/**
 * The turns of a text: those of a dialogue in the labels of Anthropic HH, the first of them the system's where text stands
 * before the first label; a text without labels is one turn of the user. The assistant's turn that is open at the end
 * is none.
 */
export function turnsOfText(text: string): Turn[] {
  const turns = splitTurns(text, LABEL).map(({ role, text: said }): Turn => ({ role, text: said }));
  const last = turns.at(-1);
  if (last?.role === 'assistant' && last.text === '') turns.pop();
  return turns;
}

/** The turns of a prompt, whichever way it is kept. */
export function turnsOf({ text, turns }: Prompt): readonly Turn[] {
  return turns ?? turnsOfText(text);
}

/** Equal for the same turns, whether they came as a question, as messages or as a dialogue. */
export function promptKey(prompt: Prompt): string {
  return JSON.stringify(turnsOf(prompt).map(({ role, text }) => [role, text.trim()]));
}

/**
 * A text cut at its labels.
 *
 * @param pattern global; its first group is whose label, its second, where it has one, what else stands in the label
 */
export function splitTurns(text: string, pattern: RegExp): (Turn & { readonly label: string })[] {
  const labels = [...text.matchAll(pattern)];
  const [first] = labels;
  if (first === undefined) return [{ role: 'user', text: text.trim(), label: '' }];
  const before = text.slice(0, first.index).trim();
  const turns = labels.map((label, index) => {
    const end = labels[index + 1]?.index ?? text.length;
    const said = text.slice(label.index + label[0].length, end).trim();
    return { role: ROLES[label[1] ?? ''] ?? 'system', text: said, label: label[2] ?? '' };
  });
  return before === '' ? turns : [{ role: 'system', text: before, label: '' }, ...turns];
}

/** The turns as a dialogue in the labels of Anthropic HH, with the assistant's next turn open. */
function dialogueOfTurns(turns: readonly Turn[]): string {
  const parts = turns.map(({ role, text }) => {
    if (role === 'system') return text;
    return `${role === 'user' ? 'Human' : 'Assistant'}: ${text}`;
  });
  return parts.join('\n\n') + OPEN_TURN;
}

/** The prompt of turns that a file told apart: a single turn of the user is its text, more of them a dialogue. */
export function promptOfTurns(turns: readonly Turn[]): Prompt {
  const [only, second] = turns;
  const alone = only?.role === 'user' && second === undefined && sameTurns(turnsOfText(only.text), turns);
  if (alone) return { text: only.text, turns: null };
  const text = dialogueOfTurns(turns);
  return { text, turns: sameTurns(turnsOfText(text), turns) ? null : turns };
}

function sameTurns(some: readonly Turn[], others: readonly Turn[]): boolean {
  return (
    some.length === others.length &&
    some.every(({ role, text }, index) => role === others[index]?.role && text === others[index].text)
  );
}

/**
 * The text of a prompt in the form `dialogue`: one that ends with the assistant's label is itself, to the byte.
 *
 * @returns null where no turn of the assistant can follow: the last is its own, or says nothing
 */
export function dialogueText(text: string): string | null {
  if (text.endsWith(OPEN_TURN)) return text;
  const turns = turnsOfText(text);
  const last = turns.at(-1);
  return last?.role === 'user' && last.text !== '' ? dialogueOfTurns(turns) : null;
}
