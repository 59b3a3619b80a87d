/** How many prompts there are and how long they are, before anything is uploaded. */
import type { Tokenizer } from '../../../gpu-runner/llama/tokenizer/tokenizer.ts';
import { promptOfDialogue } from '../../../shared/dialogue/prompt-of-dialogue.ts';
import { parseJsonLines } from '../../../shared/dialogue/json-lines.ts';
import { SHARES, type NamedPrompts } from '../../experiment/prompts.ts';

/** Prompts whose length is measured. */
const MEASURED = 200;

/** Counts by split (by shares where the hash decides) and the mean tokens of a prompt. @throws DialogueFormatError */
export function promptFigures({ lines, rule }: NamedPrompts, tokenizer: Tokenizer) {
  const rows = parseJsonLines(lines).map(({ row }) => row);
  const count = (split: keyof typeof SHARES) =>
    rule === 'field'
      ? rows.filter((row) => row['split'] === split).length
      : Math.round(rows.length * Number(SHARES[split]));
  const measured = rows.slice(0, MEASURED).map((row) => {
    const { prompt, chosen } = row;
    const text = typeof prompt === 'string' ? prompt : promptOfDialogue(String(chosen));
    return tokenizer.encode(text).length;
  });
  const promptTokens = measured.reduce((sum, tokens) => sum + tokens, 0) / Math.max(1, measured.length);
  return { prompts: { train: count('train'), dev: count('dev'), test: count('test') }, promptTokens };
}
