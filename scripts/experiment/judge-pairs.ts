/** Pairs that people judged, read for a judge that no training step of the policy sees. */
import { createHash } from 'node:crypto';
import { UsageError } from '../../shared/command-line/usage-error.ts';
import { judgedPromptText } from '../../shared/dialogue/turn-text.ts';
import { JUDGE_LENGTH, LEAST_JUDGE_PAIRS } from '../../shared/planner/judge-sizes.ts';
import type { PromptForm } from '../../shared/principles/principle.ts';
import type { ResponsePair } from '../../shared/prompts/read-pair.ts';
import { promptKey, type Prompt } from '../../shared/prompts/turn.ts';
import { askEngine } from '../processes/ask-engine.ts';
import { readPromptFile } from '../read-prompt-file.ts';
import type { NamedPrompts } from './prompts.ts';

interface JudgePair extends Omit<ResponsePair, 'labelProbability'> {
  readonly prompt: Prompt;
}

export interface JudgePairs {
  /** As the command line named it. */
  readonly file: string;
  readonly pairs: readonly JudgePair[];
  /** Tokens of each pair: of both texts, with what they begin with once. */
  readonly tokens: readonly number[];
  /** What was left out of the file and why, in words; may be empty. */
  readonly leftOut: string;
}

interface JudgeReading {
  readonly model: { readonly source: string };
  readonly form: PromptForm;
  /** Where conversions of models are kept. */
  readonly cache: string;
  /** Those of the run, of every split: no pair of theirs is used. */
  readonly prompts: Pick<NamedPrompts, 'rows'>;
}

/**
 * The pairs of a file that can teach a judge of this run.
 *
 * @throws UsageError where the file holds no pairs, or too few are left; UserError as the engine does
 */
export async function readJudgePairs(file: string, reading: JudgeReading): Promise<JudgePairs> {
  const named = `--judge ${file}`;
  const { rows, leftOut } = await readPromptFile(named, file);
  const compared = rows.flatMap(({ prompt, pair }) => (pair === null ? [] : [{ prompt, ...pair }]));
  const hard = compared.filter(({ labelProbability }) => labelProbability === 1);
  if (hard.length === 0) {
    throw new UsageError(
      `${named} holds no pair that people judged (${rows.length} rows, ${compared.length} of them with uncertain labels): ` +
        'give rows of "chosen" and "rejected", each with its prompt or as whole dialogues',
    );
  }
  const own = new Set(reading.prompts.rows.map(({ prompt }) => promptKey(prompt)));
  const foreign = hard.filter(({ prompt }) => !own.has(promptKey(prompt)));
  const measured = await tokensOf(foreign, reading);
  const usable = foreign.flatMap(({ prompt, chosen, rejected }, index) => {
    const tokens = measured[index] ?? null;
    return tokens === null ? [] : [{ pair: { prompt, chosen, rejected }, tokens }];
  });
  const reasons = [
    [rows.length - compared.length, 'without a pair'],
    [compared.length - hard.length, 'with an uncertain label'],
    [hard.length - foreign.length, 'of prompts of this run'],
    [foreign.length - usable.length, `of more than ${JUDGE_LENGTH} tokens, or that the model cannot say`],
  ] as const;
  const why = [leftOut, ...reasons.flatMap(([count, reason]) => (count === 0 ? [] : `${count} ${reason}`))]
    .filter(Boolean)
    .join(', ');
  if (usable.length < LEAST_JUDGE_PAIRS) {
    throw new UsageError(
      `${named} leaves ${usable.length} pairs to train a judge on, and it needs ${LEAST_JUDGE_PAIRS}` +
        `${why === '' ? '' : ` (left out: ${why})`}: give more pairs, on other prompts than those of the run`,
    );
  }
  return {
    file,
    pairs: usable.map(({ pair }) => pair),
    tokens: usable.map(({ tokens }) => tokens),
    leftOut: why,
  };
}

async function tokensOf(
  pairs: readonly JudgePair[],
  { model, form, cache }: JudgeReading,
): Promise<readonly (number | null)[]> {
  const texts = pairs.map(({ prompt, chosen, rejected }) => ({
    prompt: judgedPromptText(form, prompt),
    chosen,
    rejected,
  }));
  const { source } = model;
  return await askEngine('measure-pairs', {
    source,
    cache,
    form,
    pairs: texts,
    maximumLength: JUDGE_LENGTH,
  });
}

/** How many of the pairs a judge learns from, and on how many others every judge is examined. */
export interface JudgeCounts {
  readonly trained: number;
  readonly examined?: number;
}

/**
 * So many of the pairs, from everywhere in the file: those that a judge learns from, and those that judges are examined on.
 * All pairs of a prompt are in one of the two.
 *
 * @returns fewer where the file has fewer: of both in proportion
 */
export function dividePairs({ pairs }: Pick<JudgePairs, 'pairs'>, { trained, examined = 0 }: JudgeCounts) {
  const part = Math.min(1, pairs.length / (trained + examined));
  const prompts = [...Map.groupBy(pairs, ({ prompt }) => promptKey(prompt)).values()];
  const mean = pairs.length / Math.max(1, prompts.length);
  const asked = new Set(spread(prompts, Math.floor((part * examined) / mean)));
  const test = prompts.filter((own) => asked.has(own)).flat();
  const others = prompts.filter((own) => !asked.has(own)).flat();
  return { train: spread(others, Math.min(others.length, Math.floor(part * trained))), test };
}

/** Both as an upload: the splits train and test. */
export function judgeUpload(judge: Pick<JudgePairs, 'pairs'>, counts: JudgeCounts) {
  const { train, test } = dividePairs(judge, counts);
  const lines = [...train.map((pair) => lineOf(pair, 'train')), ...test.map((pair) => lineOf(pair, 'test'))];
  const bytes = new TextEncoder().encode(lines.join(''));
  const hash = createHash('sha256').update(bytes).digest('hex');
  const name = `judge-${hash.slice(0, 12)}`;
  return { name, bytes, options: { format: 'json' }, rule: 'field', trained: train.length } as const;
}

/** So many of the rows, at even distances. */
function spread<Row>(rows: readonly Row[], count: number): Row[] {
  return Array.from({ length: count }, (_, index) => rows[Math.floor((index * rows.length) / count)]).filter(
    (row) => row !== undefined,
  );
}

function lineOf({ prompt: { text, turns }, chosen, rejected }: JudgePair, split: 'train' | 'test'): string {
  const prompt = turns?.map(({ role, text: content }) => ({ role, content })) ?? text;
  return `${JSON.stringify({ prompt, chosen, rejected, split })}\n`;
}

/** Names what a judge is made of beside its number of pairs, for what a data folder remembers of it. */
export function judgeKey(
  { pairs }: Pick<JudgePairs, 'pairs'>,
  model: { readonly name: string },
  form: PromptForm,
): string {
  return createHash('sha256')
    .update(JSON.stringify([pairs, model.name, form]))
    .digest('hex')
    .slice(0, 12);
}
