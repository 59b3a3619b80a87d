/**
 * Turns as the text of a dialogue that is read back as exactly these turns, whatever they say. Stages hand prompts on as
 * texts; a model that is spoken to in messages must get those that a person wrote, so what only looks like a label is told
 * from one by a character that nobody sees.
 */
import type { PromptForm } from '../principles/principle.ts';
import { dialogueText, OPEN_TURN, turnsOf, type Prompt, type Turn } from '../prompts/turn.ts';

/**
 * Word joiner: without width, no white space, and changed by no normal form of Unicode. It stands before what looks like
 * a label, at the edge of a turn that begins or ends in white space, and in the label of a system's turn, which texts
 * without it do not know; one in a turn is written twice.
 */
const GUARD = '\u{2060}';

/** The label of a system's turn that does not stand before all others as it was written. */
export const SYSTEM_LABEL = `${GUARD}System`;

const LOOKS_LIKE_LABEL = /(^|\n\n)(?=(?:Human|Assistant(?: [^:\n]*)?):)/g;

/** The dialogue of these turns, with the assistant's next turn open where the user has spoken last. */
export function textOfTurns(turns: readonly Turn[]): string {
  const parts = turns.map(({ role, text }, index) => {
    const said = guarded(text);
    if (role === 'system')
      return index === 0 && text !== '' && said === text ? said : `${SYSTEM_LABEL}: ${said}`;
    return `${role === 'user' ? 'Human' : 'Assistant'}: ${said}`;
  });
  return parts.join('\n\n') + (turns.at(-1)?.role === 'user' ? OPEN_TURN : '');
}

/** A prompt as stages hand it on. A chat is said turn by turn; other forms go on with the text. */
export function promptText(form: PromptForm | undefined, prompt: Prompt): string {
  return form === 'chat' ? textOfTurns(turnsOf(prompt)) : prompt.text;
}

/** A prompt whose responses people compared, behind the same label as those of simulated pairs among which it is read. */
export function judgedPromptText(form: PromptForm | undefined, prompt: Prompt): string {
  const text = promptText(form, prompt);
  return form === 'dialogue' ? (dialogueText(text) ?? text) : text;
}

function guarded(text: string): string {
  const doubled = text.replaceAll(GUARD, GUARD + GUARD);
  const edge = text === text.trim() ? '' : GUARD;
  // Two guards side by side would be one of the user's own.
  return (edge + doubled).replaceAll(LOOKS_LIKE_LABEL, `$1${GUARD}`) + edge;
}

/** What {@link textOfTurns} made of a turn, or of a whole dialogue, as it was said: for people and for other programs. */
export function withoutGuards(text: string): string {
  return text.replaceAll(/\u{2060}(\u{2060}?)/gu, '$1');
}
