/** How often preference models agree with judged pairs. */
import { readFile } from 'node:fs/promises';
import { preferenceText } from '../../shared/dialogue/preference-text.ts';
import type { AnswerOf, QuestionOf } from '../../shared/engine-questions.ts';
import { continuationTokens } from '../algorithms/continuation-tokens.ts';
import { onDevice } from '../llama/backends/open-model.ts';
import { PreferenceModel } from '../algorithms/preference-model/preference-model.ts';
import type { Model } from '../llama/weights/model.ts';
import { decodeAdapterArtifact } from '../tasks/adapter-artifact.ts';
import { batchSizes } from '../../shared/planner/batch-sizes.ts';
import { inForm } from '../tasks/in-form.ts';
import { openBaseModel } from '../tasks/open-base-model.ts';

interface Texts {
  readonly better: readonly Int32Array[];
  readonly worse: readonly Int32Array[];
}

/** @throws AlgorithmInputError, ModelFileError as the engine does */
export async function agreement(question: QuestionOf<'agreement'>): Promise<AnswerOf<'agreement'>> {
  const { source, cache, form, pairs, preferenceModels } = question;
  const model = await inForm(await onDevice(await openBaseModel(source, cache), 'cpu', cache), form);
  const { tokenizer } = model;
  const tokensOf = (prompt: string, response: string): Int32Array => {
    const tokens = tokenizer.encodePrompt(prompt);
    const text = preferenceText(form, '', response);
    return Int32Array.of(...tokens, ...continuationTokens(tokenizer, tokens, text));
  };
  const texts = {
    better: pairs.map(({ prompt, better }) => tokensOf(prompt, better)),
    worse: pairs.map(({ prompt, worse }) => tokensOf(prompt, worse)),
  };
  const agreements: number[][] = [];
  for (const file of preferenceModels) agreements.push(await scorePairs(model, file, texts));
  return agreements;
}

async function scorePairs(model: Model, file: string, { better, worse }: Texts): Promise<number[]> {
  const { rank, alpha, vector } = await decodeAdapterArtifact(
    await readFile(file),
    model.architecture,
    'preference-model',
  );
  const preferences = await PreferenceModel.open(model, {
    rank,
    alpha,
    vector,
    maximumTime: Math.max(...[...better, ...worse].map(({ length }) => length)),
    microbatchRows: batchSizes(model).scoreRows,
  });
  const { signal } = new AbortController();
  try {
    const lost = await preferences.score(worse, signal);
    const won = await preferences.score(better, signal);
    return Array.from(won, (score, row) => (1 + Math.sign(score - (lost[row] ?? Number.NaN))) / 2);
  } finally {
    await preferences.close();
  }
}
