/** The command that runs a comparison again. */
import { quoted } from '../../quoted.ts';
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
  const given: readonly (readonly [option: string, value: string | undefined])[] = [
    ['task', task],
    ['model', model === 'bundled' ? undefined : model],
    ['simulator', simulator],
    ['prompts', prompts],
    ['scale', scale],
    ['seeds', String(seeds)],
    ['methods', methods?.join(',')],
    ['settings', settings && JSON.stringify(settings)],
    ['judge', judge],
    ['judges', judges && JSON.stringify(judges)],
  ];
  const words = given.flatMap(([option, value]) =>
    value === undefined ? [] : [`--${option} ${quoted(value)}`],
  );
  return `npx rlcd paper ${words.join(' ')}`;
}
