/** The frontier task: an adapter at several strengths and the base answer test prompts, and the experiment's judges compare them. */
import { adapterAtStrengths } from '../algorithms/frontier.ts';
import { adapterLayout } from '../llama/model/lora-layout.ts';
import { inputAdapter } from './adapter-artifact.ts';
import { runBesideBase } from './beside-base.ts';
import type { TaskRun } from './task-context.ts';

export const runFrontier: TaskRun<'frontier'> = async (context) => {
  const { rank, alpha, vector } = await inputAdapter(context, 'adapter');
  const layout = adapterLayout(context.model.architecture, rank, alpha);
  return await runBesideBase(
    context,
    layout,
    adapterAtStrengths({ layout, vector }, context.task.parameters.strengths),
  );
};
