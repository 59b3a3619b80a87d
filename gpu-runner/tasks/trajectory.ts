/** The trajectory task: every policy that PPO kept and the base answer dev prompts, and the experiment's judges compare them. */
import { cellsBesideBase } from '../algorithms/trajectory.ts';
import { adapterLayout } from '../llama/model/lora-layout.ts';
import { runBesideBase } from './beside-base.ts';
import { gridCells } from './grid-cells.ts';
import type { TaskRun } from './task-context.ts';

export const runTrajectory: TaskRun<'trajectory'> = async (context) => {
  const { cells, rank, alpha } = await gridCells(context);
  const layout = adapterLayout(context.model.architecture, rank, alpha);
  return await runBesideBase(context, layout, cellsBesideBase(cells));
};
