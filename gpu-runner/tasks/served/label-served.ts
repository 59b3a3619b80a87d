/** The label task by a model that is served elsewhere, from the log-probabilities that its server gives. */
import { preferencePairLine } from '../../../shared/api/tasks/simulate.ts';
import { pairChoice } from '../../algorithms/label/choice-question.ts';
import { label } from '../../algorithms/label/label.ts';
import type { PairQuestion } from '../../algorithms/label/question.ts';
import { decodeLines, encodeLines, JSON_LINES } from '../json-lines.ts';
import { inputBytes, TaskInputError, type TaskOutcome } from '../task-context.ts';
import { servedChoice } from './choice-answers.ts';
import { servedLikelihood } from './likelihood-answers.ts';
import { NO_CHECKPOINTS, type ServedContext } from './served-task.ts';

export async function labelServed(context: ServedContext<'label'>): Promise<TaskOutcome<'label'>> {
  const { task, server, artifacts, hooks, batchSize } = context;
  const { parameters } = task;
  const pairs = decodeLines(await inputBytes(context, 'pairs'), preferencePairLine, 'pairs');
  const settings = { ...parameters, batchSize, checkpointEvery: NO_CHECKPOINTS };
  const { pairs: labelled, result } = await label(pairs, settings, questionOf(context), hooks, null);
  const bytes = encodeLines(labelled);
  const sha256 = await artifacts.put({ kind: 'preference-dataset', mediaType: JSON_LINES, bytes });
  return { outputs: [{ name: 'pairs', sha256 }], result: { ...result, served: server.usage() } };
}

/** The question of the principle's form. */
function questionOf({ task, server, protocol }: ServedContext<'label'>): PairQuestion {
  const { parameters, principle, seed } = task;
  if (principle === null) throw new TaskInputError(`task ${task.id} names no principle`);
  const instructions = principle.affixPairs.map(({ scoringInstruction }) => scoringInstruction);
  if (parameters.promptForm === 'prefix') return servedLikelihood({ instructions, seed, server, protocol });
  const { orders, examples } = parameters;
  return pairChoice({ instructions, orders, examples, seed }, servedChoice(server, protocol));
}
