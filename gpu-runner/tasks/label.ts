/** The label task: the base model says which response of each pair it prefers. */
import { preferencePairLine } from '../../shared/api/tasks/simulate.ts';
import { choiceQuestion } from '../algorithms/label/choice-question.ts';
import { label } from '../algorithms/label/label.ts';
import { likelihoodQuestion } from '../algorithms/label/likelihood-question.ts';
import type { PairQuestion } from '../algorithms/label/question.ts';
import { ReferenceModel } from '../algorithms/reference-model.ts';
import { batchSizes } from '../../shared/planner/batch-sizes.ts';
import { decodeLines, encodeLines, JSON_LINES } from './json-lines.ts';
import { inputBytes, TaskInputError, type TaskContext, type TaskRun } from './task-context.ts';

export const runLabel: TaskRun<'label'> = async (context) => {
  const { task, model, artifacts, hooks, resume } = context;
  const { parameters } = task;
  const pairs = decodeLines(await inputBytes(context, 'pairs'), preferencePairLine, 'pairs');
  const sizes = batchSizes(model);
  const { question, close } = await openQuestion(context);
  try {
    const settings = { ...parameters, batchSize: sizes.scoreRows, checkpointEvery: sizes.checkpointEvery };
    const { pairs: labelled, result } = await label(pairs, settings, question, hooks, resume);
    const sha256 = await artifacts.put({
      kind: 'preference-dataset',
      mediaType: JSON_LINES,
      bytes: encodeLines(labelled),
    });
    return { outputs: [{ name: 'pairs', sha256 }], result };
  } finally {
    await close();
  }
};

/** The question of the principle's form, asked of the base model. */
async function openQuestion({
  task,
  model,
}: TaskContext<'label'>): Promise<{ question: PairQuestion; close: () => Promise<void> }> {
  const { parameters, principle, seed } = task;
  if (principle === null) throw new TaskInputError(`task ${task.id} names no principle`);
  const { tokenizer, architecture } = model;
  const contextLength = architecture.maximumPositions;
  const asksChoice = parameters.promptForm !== 'prefix';
  const reference = await ReferenceModel.open(model, {
    scoring: asksChoice ? 'logits' : 'tokens',
    maximumTime: contextLength,
    microbatchRows: batchSizes(model).scoreRows,
  });
  const instructions = principle.affixPairs.map(({ scoringInstruction }) => scoringInstruction);
  const common = { tokenizer, instructions, contextLength, seed };
  const question = asksChoice
    ? choiceQuestion({
        ...common,
        promptForm: parameters.promptForm,
        orders: parameters.orders,
        examples: parameters.examples,
        nextLogits: (texts, signal) => reference.nextLogits(texts, signal),
      })
    : likelihoodQuestion({
        ...common,
        logProbabilities: (texts, signal) => reference.logProbabilities(texts, signal),
      });
  return { question, close: () => reference.close() };
}
