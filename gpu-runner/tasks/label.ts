/** The label task: the base model says which response of each pair it prefers. */
import { preferencePairLine } from '../../shared/api/tasks/simulate.ts';
import { choiceQuestion } from '../algorithms/label/choice-question.ts';
import { label } from '../algorithms/label/label.ts';
import { likelihoodQuestion } from '../algorithms/label/likelihood-question.ts';
import type { PairQuestion } from '../algorithms/label/question.ts';
import { adapterLayout } from '../llama/model/lora-layout.ts';
import type { Scoring } from '../llama/trainer/graphs.ts';
import { ForwardPass } from '../llama/trainer/forward-pass.ts';
import { batchSizes } from './batch-sizes.ts';
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

/** The question of the principle's form, asked of the base model: an adapter of zeros. */
async function openQuestion({
  task,
  model,
}: TaskContext<'label'>): Promise<{ question: PairQuestion; close: () => Promise<void> }> {
  const { parameters, principle, seed } = task;
  if (principle === null) throw new TaskInputError(`task ${task.id} names no principle`);
  const { tokenizer, architecture } = model;
  const layout = adapterLayout(architecture, 1, 1);
  const nothing = new Float32Array(layout.length);
  const contextLength = architecture.maximumPositions;
  const open = async (scoring: Scoring) =>
    await ForwardPass.open({
      trainable: { kind: 'adapters', backend: model.backend, layout, groups: 1 },
      scoring,
      maximumTime: contextLength,
      microbatchRows: batchSizes(model).scoreRows,
    });
  const instructions = principle.affixPairs.map(({ scoringInstruction }) => scoringInstruction);
  const common = { tokenizer, instructions, contextLength, seed };
  if (parameters.promptForm === 'dialogue') {
    const forwardPass = await open('logits');
    const question = choiceQuestion({
      ...common,
      orders: parameters.orders,
      examples: parameters.examples,
      nextLogits: async (sequences, signal) => {
        signal.throwIfAborted();
        return sequences.length === 0 ? [] : ((await forwardPass.nextLogits(nothing, [sequences]))[0] ?? []);
      },
    });
    return { question, close: () => forwardPass.close() };
  }
  const forwardPass = await open('tokens');
  const question = likelihoodQuestion({
    ...common,
    logProbabilities: async (texts, signal) => {
      signal.throwIfAborted();
      return texts.length === 0
        ? []
        : ((await forwardPass.score(nothing, [texts])).logProbabilities[0] ?? []);
    },
  });
  return { question, close: () => forwardPass.close() };
}
