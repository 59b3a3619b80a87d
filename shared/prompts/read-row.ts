/** What a row of a file means: a prompt, and the two responses that people compared, where it holds them. */
import { SPLITS } from '../api/words.ts';
import { alpacaTurns } from './alpaca.ts';
import { columnNamed, listOf, promptColumnOf, promptColumns } from './columns.ts';
import { readConversation } from './conversation.ts';
import { LeftOut, type LeftOutReason } from './left-out.ts';
import { readPair, type Reading, type ResponsePair } from './read-pair.ts';
import { RowError } from './row-error.ts';
import { promptOfTurns, type Prompt, type Turn } from './turn.ts';
import { usableText, withPlainLabels } from './usable-text.ts';

type Columns = Readonly<Record<string, unknown>>;

export interface PromptRow {
  readonly prompt: Prompt;
  readonly pair: ResponsePair | null;
  /** Two whole dialogues that part before their last turn: a prompt, but no pair of responses to it. */
  readonly parted: boolean;
  readonly split: (typeof SPLITS)[number] | undefined;
  /** The columns that say nothing about the prompt. */
  readonly aside: Columns;
}

/** Where an empty text says something; any other empty cell of a table is no value. */
const MAY_BE_EMPTY = new Set([
  'prompt',
  'instruction',
  'chosen',
  'rejected',
  'output_1',
  'output_2',
  'win2_prob',
]);

/**
 * @param promptColumn the column that holds the prompt, where someone said so
 * @returns a reason for a row that is well written and of no use
 * @throws RowError in words that name the column
 */
export function readRow(columns: Columns, promptColumn?: string): PromptRow | LeftOutReason {
  // Tables that join several kinds of rows, and all CSV, hold columns without a value.
  const given = Object.fromEntries(
    Object.entries(columns).filter(
      ([name, value]) => value !== null && (value !== '' || name === promptColumn || MAY_BE_EMPTY.has(name)),
    ),
  );
  const [missing] = promptColumns(given).length === 0 ? promptColumns(columns) : [];
  if (promptColumn === undefined && missing !== undefined && columns[missing] === null) {
    throw new RowError(`${missing}: must be a text or a list of turns, got null`);
  }
  try {
    const split = readSplit(given['split']);
    const reading = readPair(given, promptColumn, readPrompt) ?? readPrompt(given, promptColumn);
    const { prompt, pair = null, parted = false, used } = reading;
    const aside = Object.entries(given).filter(([name]) => name !== 'split' && !used.includes(name));
    return {
      prompt: usablePrompt(prompt),
      pair: pair && {
        chosen: usableText('chosen', pair.chosen),
        rejected: usableText('rejected', pair.rejected),
        labelProbability: pair.labelProbability,
      },
      parted,
      split,
      aside: Object.fromEntries(aside),
    };
  } catch (error) {
    if (error instanceof LeftOut) return error.reason;
    throw error;
  }
}

function readSplit(value: unknown): PromptRow['split'] {
  const split = SPLITS.find((one) => one === value);
  if (value !== undefined && split === undefined) {
    throw new RowError(`split: must be ${SPLITS.join(', ')}, got ${shown(value)}`);
  }
  return split;
}

/** The beginning of a value that is refused. */
const shown = (value: unknown): string => JSON.stringify(value).slice(0, 80);

/** The prompt of the column that has it. */
function readPrompt(columns: Columns, promptColumn: string | undefined): Reading {
  const name = promptColumnOf(columns, promptColumn);
  const value = columnNamed(columns, name);
  if (name === 'instruction') return alpacaTurns(columns);
  const list = listOf(name, value);
  if (list === undefined) {
    if (typeof value === 'string') return { prompt: value, used: [name] };
    throw new RowError(`${name}: must be a text or a list of turns, got ${shown(value)}`);
  }
  const turns = readConversation(name, list);
  const { system } = columns;
  if (typeof system !== 'string' || turns[0]?.role === 'system') return { prompt: turns, used: [name] };
  return { prompt: [{ role: 'system', text: system }, ...turns], used: [name, 'system'] };
}

/** The turns before the answer that is asked for. */
function openTurns(turns: readonly Turn[]): readonly Turn[] {
  const last = turns.findLastIndex(({ role }) => role !== 'assistant');
  if (turns[last]?.role !== 'user') throw new LeftOut('no-user-turn');
  return turns.slice(0, last + 1);
}

function usablePrompt(said: string | readonly Turn[]): Prompt {
  const prompt =
    typeof said === 'string' ? { text: withPlainLabels(said), turns: null } : ofTurns(openTurns(said));
  usableText('prompt', prompt.text);
  if (prompt.text.trim() === '') throw new LeftOut('empty');
  return prompt;
}

function ofTurns(turns: readonly Turn[]): Prompt {
  if (turns.at(-1)?.text.trim() === '') throw new LeftOut('empty');
  return promptOfTurns(turns);
}
