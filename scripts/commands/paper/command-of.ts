/** The command that runs a comparison again. */
import type { PaperOptions } from './settings.ts';

/** The command that runs the same again; where things are kept does not belong to it. */
export function commandOf({
  task,
  model,
  simulator,
  prompts,
  scale,
  seeds,
  methods,
  settings,
  judge,
  judges,
}: PaperOptions): string {
  const options = [
    `--task ${task}`,
    ...(model === 'bundled' ? [] : [`--model ${model}`]),
    ...(simulator === undefined ? [] : [`--simulator ${simulator}`]),
    ...(prompts === undefined ? [] : [`--prompts ${prompts}`]),
    `--scale ${scale}`,
    `--seeds ${seeds}`,
    ...(methods === undefined ? [] : [`--methods ${methods.join(',')}`]),
    ...(settings === undefined ? [] : [`--settings '${JSON.stringify(settings)}'`]),
    ...(judge === undefined ? [] : [`--judge ${judge}`]),
    ...(judges === undefined ? [] : [`--judges '${JSON.stringify(judges)}'`]),
  ];
  return `npx rlcd paper ${options.join(' ')}`;
}
