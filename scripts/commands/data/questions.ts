/** Short questions out of a file of dialogues or prompts: what a small budget aligns a chat model on. */
import type { PromptRow } from '../../../shared/prompts/read-row.ts';
import { promptKey, promptOfTurns, turnsOf } from '../../../shared/prompts/turn.ts';

interface QuestionRules {
  /** Characters of the longest question, before anything is put behind it. */
  readonly longest: number;
  /** Put behind each question, after a space; empty: nothing. */
  readonly append: string;
  /** Rows whose prompts are not taken. */
  readonly without: readonly Pick<PromptRow, 'prompt'>[];
}

/** Rows that gave no question, by the reason. */
type LeftOut = Readonly<Record<string, number>>;

/** The prompts that are one question and short enough, each once and in order; answers and other columns are dropped. */
export function questionsOf(
  rows: readonly PromptRow[],
  { longest, append, without }: QuestionRules,
): { readonly rows: readonly PromptRow[]; readonly leftOut: LeftOut } {
  const foreign = new Set(without.map(({ prompt }) => promptKey(prompt)));
  const seen = new Set<string>();
  const leftOut: Record<string, number> = {};
  const taken = rows.flatMap(({ prompt, split }): PromptRow[] => {
    const [turn, ...more] = turnsOf(prompt);
    const key = promptKey(prompt);
    const refuse = (reason: string): [] => {
      leftOut[reason] = (leftOut[reason] ?? 0) + 1;
      return [];
    };
    if (turn?.role !== 'user' || more.length > 0) return refuse('not one question');
    if (turn.text.length > longest) return refuse('too long');
    if (foreign.has(key)) return refuse('of the other file');
    if (seen.has(key)) return refuse('repeated');
    seen.add(key);
    const text = append === '' ? turn.text : `${turn.text} ${append}`;
    return [{ prompt: promptOfTurns([{ role: 'user', text }]), pair: null, parted: false, split, aside: {} }];
  });
  return { rows: taken, leftOut };
}
