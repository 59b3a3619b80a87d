/** Answers that our engine sampled, their log-probabilities here and in the programs that load what leaves. */
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { importModel } from '../../../gpu-runner/llama/weights/import-model.ts';
import { logProbabilitiesOf, madeUpAdapter, textsSchema } from '../adapted.ts';
import type { Python } from '../python.ts';
import { type Distance, distanceOf, type Scores } from './distance.ts';
import { exactCopy } from './exact-copy.ts';
import { forms } from './leaves.ts';
import { sampleAnswers } from './sample.ts';

export interface AnswersComparison {
  readonly python: Python;
  readonly scratch: string;
  readonly log: (line: string) => void;
  readonly hasLlamaCpp: boolean;
}

/** How far what a program makes of a form is from what ours makes of the answers. */
export interface AnswersRow {
  readonly form: string;
  /** From the model in fp32. */
  readonly fp32: Distance;
  /** From the very weights that left, computed in fp32: what leaving and the program's own rounding do. */
  readonly weights: Distance;
  /** From the 8-bit form, which rounds activations as well. */
  readonly int8: Distance;
}

export interface AnswersTable {
  readonly model: string;
  readonly answers: number;
  readonly tokens: number;
  /** A few of them. */
  readonly texts: readonly string[];
  /** What the 8-bit form is away from the same weights computed in fp32, and those from the fp32 form. */
  readonly ownRounding: { readonly activations: Distance; readonly weights: Distance };
  readonly rows: readonly AnswersRow[];
}

/**
 * @param location a Hugging Face folder or a GGUF file of a chat model
 * @throws UserError for a model without a chat template
 */
export async function compareAnswers(
  location: string,
  { python, scratch, log, hasLlamaCpp }: AnswersComparison,
): Promise<AnswersTable> {
  const own = path.join(scratch, 'answers');
  const cacheDirectory = path.join(own, 'bases');
  const int8 = await importModel(location, { cacheDirectory, precision: 'int8' });
  const fp32 = await importModel(location, { cacheDirectory, precision: 'fp32' });
  const copy = await exactCopy(int8.base, path.join(own, 'copy'));
  const made = await madeUpAdapter(int8.architecture);
  log('imported');
  const answers = await sampleAnswers(int8, made);
  log('sampled');
  const scored = async ({ base }: typeof int8): Promise<Scores> =>
    await logProbabilitiesOf(base, made, answers);
  const ours = { fp32: await scored(fp32), weights: await scored(copy), int8: await scored(int8) };
  log('scored');
  const rows: AnswersRow[] = [];
  for (const { name, needsLlamaCpp, holdsBase, write } of forms) {
    if (needsLlamaCpp && !hasLlamaCpp) continue;
    const folder = path.join(own, 'form');
    const { module, args } = await write(int8, made, folder, location);
    const texts = answers.map(({ tokens }) => Array.from(tokens));
    const all = textsSchema.parse(await python(module, { ...args, texts }));
    await rm(folder, { recursive: true });
    const theirs = all.map((one, index) => one.slice((answers[index]?.start ?? 1) - 1));
    const row = {
      form: name,
      fp32: distanceOf(ours.fp32, theirs),
      weights: distanceOf(holdsBase ? ours.weights : ours.fp32, theirs),
      int8: distanceOf(ours.int8, theirs),
    };
    log(JSON.stringify(row));
    rows.push(row);
  }
  const drawn = answers.map(({ tokens, start }) => tokens.slice(start));
  return {
    model: path.basename(location),
    answers: answers.length,
    tokens: drawn.reduce((sum, { length }) => sum + length, 0),
    texts: drawn.slice(0, 3).map((tokens) => int8.tokenizer.decode(tokens)),
    ownRounding: {
      activations: distanceOf(ours.weights, ours.int8),
      weights: distanceOf(ours.fp32, ours.weights),
    },
    rows,
  };
}
