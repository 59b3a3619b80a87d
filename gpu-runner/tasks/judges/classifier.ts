/** A text classifier of a local folder as judge: the probability of one of its labels is a response's score. */
import { stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { env, pipeline } from '@huggingface/transformers';
import { z } from 'zod';
import { scoringJudge, type PairJudge } from '../../algorithms/judge/pair-judge.ts';
import { TaskInputError } from '../task-context.ts';
import { messageOf } from '../../../shared/caught.ts';

const BATCH = 16;

/** All labels of one text, with their probabilities. */
const classified = z.array(z.object({ label: z.string(), score: z.number() })).min(1);

/**
 * Opens the classifier; nothing is loaded from a network.
 *
 * @throws TaskInputError if the folder is none, holds no classifier, or the classifier has no such label
 */
export async function classifierJudge(name: string, folder: string, label: string): Promise<PairJudge> {
  const place = resolve(folder);
  const refused = (cause?: unknown) =>
    new TaskInputError(
      `${folder} is no folder on this runner's machine: put the classifier (config.json, tokenizer.json, onnx/) there`,
      { cause },
    );
  const found = await stat(place).catch((cause: unknown) => {
    throw refused(cause);
  });
  if (!found.isDirectory()) throw refused();
  env.allowRemoteModels = false;
  env.localModelPath = dirname(place);
  const classify = await pipeline('text-classification', basename(place), {
    local_files_only: true,
    dtype: 'fp32',
  }).catch((cause: unknown) => {
    // Its words may quote what stands in the folder's files.
    console.error(`${folder} cannot be opened as a text classifier: ${messageOf(cause)}`);
    throw new TaskInputError(`${folder} cannot be opened as a text classifier: the runner's log says why`, {
      cause,
    });
  });
  const score = async (responses: readonly { readonly response: string }[], signal: AbortSignal) => {
    const scores: number[] = [];
    for (const { response } of responses) {
      signal.throwIfAborted();
      const labels = classified.parse(await classify(response, { top_k: null }));
      const own = labels.find((one) => one.label === label);
      if (own === undefined) {
        const names = labels.map((one) => one.label).join(', ');
        throw new TaskInputError(`the classifier in ${folder} has no label "${label}"; it has: ${names}`);
      }
      scores.push(own.score);
    }
    return scores;
  };
  return scoringJudge(name, BATCH, score, async () => {
    await classify.dispose();
  });
}
