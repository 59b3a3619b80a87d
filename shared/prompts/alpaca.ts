/** Alpaca's rows: {instruction, input}, with the system's turn and earlier ones where LLaMA-Factory's form has them. */
import { z } from 'zod';
import type { Reading } from './read-pair.ts';
import { RowError } from './row-error.ts';
import type { Turn } from './turn.ts';

const alpacaColumns = z.object({
  instruction: z.string('must be a text'),
  input: z.string('must be a text').optional(),
  system: z.string('must be a text').optional(),
  history: z.array(z.tuple([z.string(), z.string()]), 'must be a list of [question, answer]').optional(),
});

/** @throws RowError naming the column */
export function alpacaTurns(columns: Readonly<Record<string, unknown>>): Reading {
  const parsed = alpacaColumns.safeParse(columns);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new RowError(`${issue?.path.join('.')}: ${issue?.message}`);
  }
  const { instruction, input, system, history = [] } = parsed.data;
  const used = Object.keys(alpacaColumns.shape);
  const asked = input === undefined ? instruction : `${instruction}\n${input}`;
  if (system === undefined && history.length === 0) return { prompt: asked, used };
  const turns: Turn[] = history.flatMap(([question, answer]) => [
    { role: 'user', text: question },
    { role: 'assistant', text: answer },
  ]);
  if (system !== undefined) turns.unshift({ role: 'system', text: system });
  return { prompt: [...turns, { role: 'user', text: asked }], used };
}
