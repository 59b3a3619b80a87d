/** The cells of a PPO run, from a task's inputs. */
import type { GridCell } from '../algorithms/select.ts';
import { inputAdapter } from './adapter-artifact.ts';
import { TaskInputError, type TaskContext } from './task-context.ts';

const CELL = /^cell-(?<klCoefficient>[0-9.e-]+)-(?<steps>\d+)$/;

/** @throws TaskInputError where they are not of one run */
export async function gridCells(
  context: Pick<TaskContext<'select' | 'trajectory'>, 'task' | 'artifacts' | 'model'>,
): Promise<{ cells: GridCell[]; rank: number; alpha: number }> {
  const cells: GridCell[] = [];
  const shapes = new Map<string, { rank: number; alpha: number }>();
  for (const { name } of context.task.inputs) {
    const match = CELL.exec(name)?.groups;
    if (match === undefined) continue;
    const { rank, alpha, vector } = await inputAdapter(context, name);
    shapes.set(`${rank}/${alpha}`, { rank, alpha });
    cells.push({ klCoefficient: Number(match['klCoefficient']), steps: Number(match['steps']), vector });
  }
  const [shape] = shapes.values();
  if (shape === undefined || shapes.size > 1) {
    throw new TaskInputError(`the cells have ${shapes.size} adapter shapes: they must come from one PPO run`);
  }
  return { cells, ...shape };
}
