/** The look task: some answers a side, read behind both prompts, and the speeds of this machine with the model. */
import { lookPrompts } from '../../shared/planner/look-prompts.ts';
import { measureContrast } from '../algorithms/contrast/measure-contrast.ts';
import { measureTraining } from '../algorithms/look/measure-training.ts';
import { openTaskModel } from './open-base-model.ts';
import { taskPrompts } from './prompts.ts';
import { TaskInputError, type TaskRun } from './task-context.ts';

/** Parts of the work: answers drawn, answers read, and how fast the machine trains. */
const PARTS = 3;
const ANSWERING = 2;

export const runLook: TaskRun<'look'> = async (context) => {
  const { task, model, device, hooks, cacheDirectory } = context;
  const { parameters, principle, seed } = task;
  if (principle === null) throw new TaskInputError(`task ${task.id} names no principle`);
  const { promptForm, placement, responseOpening, ...sampling } = parameters;
  const prompts = lookPrompts(await taskPrompts(context, null));
  const affixPairs = principle.affixPairs.map(({ positive, negative }) => ({ positive, negative }));
  hooks.progress(0, PARTS, 'parts', `${2 * prompts.length} answers are drawn`);
  const contrast = await measureContrast(
    model,
    {
      contrast: { promptForm, placement, responseOpening, affixPairs },
      sampling,
      prompts: prompts.map(({ text }, row) => ({ id: String(row + 1), text, row })),
      seed,
    },
    {
      signal: hooks.signal,
      progress: (done, total, _, message) =>
        hooks.progress((ANSWERING * done) / total, PARTS, 'parts', message),
    },
  );
  hooks.signal.throwIfAborted();
  const opened = performance.now();
  // As every task of the run will: the first opening may have converted the model.
  await openTaskModel(task.baseModel, cacheDirectory);
  const reading = (performance.now() - opened) / 1000;
  const training = await measureTraining(model, {
    form: promptForm,
    texts: prompts.map(({ text }) => text),
    answerTokens: parameters.maximumNewTokens,
    reading,
  });
  hooks.progress(PARTS, PARTS, 'parts', 'measured');
  return { outputs: [], result: { contrast, training, device } };
};
