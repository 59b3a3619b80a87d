/** A text classifier of a local folder as judge: the probability of one of its labels is a response's score. */
import { stat } from 'node:fs/promises';
import { scoringJudge, type PairJudge } from '../../algorithms/judge/pair-judge.ts';
import { TaskInputError } from '../task-context.ts';
import { messageOf } from '../../../shared/caught.ts';
import { openClassifier } from './open-classifier.ts';

/** Pairs after which the work is saved. */
const BATCH = 16;

/**
 * Opens the classifier; nothing is loaded from a network.
 *
 * @throws TaskInputError if the folder is none, holds no classifier, or the classifier has no such label
 */
export async function classifierJudge(name: string, folder: string, label: string): Promise<PairJudge> {
  const refused = (cause?: unknown) =>
    new TaskInputError(
      `${folder} is no folder on this runner's machine: put the classifier (config.json, tokenizer.json, onnx/) there`,
      { cause },
    );
  const found = await stat(folder).catch((cause: unknown) => {
    throw refused(cause);
  });
  if (!found.isDirectory()) throw refused();
  const classifier = await openClassifier(folder).catch((cause: unknown) => {
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
      const labels = await classifier.classify(response);
      const own = labels.find((one) => one.label === label);
      if (own === undefined) {
        const names = labels.map((one) => one.label).join(', ');
        throw new TaskInputError(`the classifier in ${folder} has no label "${label}"; it has: ${names}`);
      }
      scores.push(own.score);
    }
    return scores;
  };
  return scoringJudge(name, BATCH, score, () => classifier.close());
}
