/** The two responses of a row that people compared: HH dialogues, prompt and responses, conversations, official CSV. */
import { DialogueFormatError } from '../dialogue/errors.ts';
import { pairOfHhRow } from '../dialogue/hh-rows.ts';
import { promptOfDialogue } from '../dialogue/prompt-of-dialogue.ts';
import { promptColumns } from './columns.ts';
import { readConversation } from './conversation.ts';
import { unguarded } from './csv.ts';
import { LeftOut } from './left-out.ts';
import { RowError } from './row-error.ts';
import type { Turn } from './turn.ts';
import { withPlainLabels } from './usable-text.ts';

type Columns = Readonly<Record<string, unknown>>;

/** Two responses; `labelProbability` = P(chosen is better), 1 for a hard label. */
export interface ResponsePair {
  readonly chosen: string;
  readonly rejected: string;
  readonly labelProbability: number;
}

/** What the columns say, and which of them said it. */
export interface Reading {
  readonly prompt: string | readonly Turn[];
  readonly pair?: ResponsePair | null;
  readonly parted?: boolean;
  readonly used: readonly string[];
}

type ReadPrompt = (columns: Columns, promptColumn: string | undefined) => Reading;

const OFFICIAL = ['instruction', 'input', 'output_1', 'output_2', 'preference', 'win2_prob'];
const LABEL_PROBABILITY = 'label_probability';

/**
 * @returns undefined where the row holds no responses
 * @throws RowError naming the column; LeftOut
 */
export function readPair(
  columns: Columns,
  promptColumn: string | undefined,
  readPrompt: ReadPrompt,
): Reading | undefined {
  if (columns['output_1'] !== undefined && columns['preference'] !== undefined) return officialPair(columns);
  const { chosen, rejected } = columns;
  if (chosen === undefined && rejected === undefined) return undefined;
  if (chosen === undefined || rejected === undefined) {
    const missing = chosen === undefined ? 'chosen' : 'rejected';
    throw new RowError(`${missing}: is missing; give both responses or neither`);
  }
  const labelProbability = probabilityOf(LABEL_PROBABILITY, columns[LABEL_PROBABILITY] ?? 1);
  const used = ['chosen', 'rejected', LABEL_PROBABILITY];
  const hasPrompt = promptColumn !== undefined || promptColumns(columns).length > 0;
  const [good, bad] = [sideOf('chosen', chosen), sideOf('rejected', rejected)];
  if (good.before.length > 0) {
    const pair = { chosen: good.response, rejected: bad.response, labelProbability };
    const parted = JSON.stringify(good.before) !== JSON.stringify(bad.before);
    const named = promptColumns(columns);
    return { prompt: good.before, pair: parted ? null : pair, parted, used: [...used, ...named] };
  }
  if (hasPrompt) {
    const { prompt, used: alsoUsed } = readPrompt(columns, promptColumn);
    const pair = { chosen: good.response, rejected: bad.response, labelProbability };
    return { prompt, pair, used: [...used, ...alsoUsed] };
  }
  return { ...dialoguePair(good.response, bad.response, labelProbability), used };
}

/** The response of a side, and the turns before it where it is a whole conversation. */
function sideOf(column: string, value: unknown): { response: string; before: readonly Turn[] } {
  if (typeof value === 'string') return { response: value, before: [] };
  const turns = readConversation(column, Array.isArray(value) ? value : [value]);
  const last = turns.at(-1);
  if (last?.role !== 'assistant') throw new LeftOut('no-assistant-turn');
  return { response: last.text, before: turns.slice(0, -1) };
}

/** Two dialogues of Anthropic HH; some part earlier than at their last turn. */
function dialoguePair(chosen: string, rejected: string, labelProbability: number): Omit<Reading, 'used'> {
  const [good, bad] = [withPlainLabels(chosen), withPlainLabels(rejected)];
  try {
    const pair = pairOfHhRow({ chosen: good, rejected: bad });
    const parted = pair === null;
    return { prompt: promptOfDialogue(good), pair: pair && { ...pair, labelProbability }, parted };
  } catch (error) {
    if (error instanceof DialogueFormatError) throw new LeftOut('no-assistant-turn');
    throw error;
  }
}

/** The official code's table: `preference` is 1 or 2; with `win2_prob` (P(output_2 is better)) the label is soft. */
function officialPair(columns: Columns): Reading {
  const { instruction, output_1: first, output_2: second, preference, win2_prob: win2 } = columns;
  if (typeof instruction !== 'string') throw new RowError('instruction: is missing; it holds the prompt');
  if (typeof first !== 'string' || typeof second !== 'string') {
    throw new RowError('output_1 and output_2 must be texts');
  }
  if (preference !== '1' && preference !== '2' && preference !== 1 && preference !== 2) {
    throw new RowError(`preference: must be 1 or 2, got ${JSON.stringify(preference)}`);
  }
  const isFirst = Number(preference) === 1;
  const soft = win2 === undefined ? undefined : probabilityOf('win2_prob', win2);
  const labelProbability = soft === undefined ? 1 : isFirst ? 1 - soft : soft;
  const [good, bad] = isFirst ? [first, second] : [second, first];
  const pair = { chosen: unguarded(good), rejected: unguarded(bad), labelProbability };
  return { prompt: unguarded(instruction), pair, used: OFFICIAL };
}

function probabilityOf(column: string, value: unknown): number {
  const probability = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof probability === 'number' && probability >= 0 && probability <= 1) return probability;
  throw new RowError(`${column}: must be a number in 0..1, got ${JSON.stringify(value)}`);
}
