/** The command that writes the same export again, for its card. */
import { quoted } from '../../quoted.ts';
import type { ExportOptions } from './export-options.ts';

export function exportCommand(experimentId: string, options: ExportOptions): string {
  const { to, out, quantise, stage, artifact, data, edge } = options;
  const isGguf = to === 'gguf' || to === 'ollama';
  const given: readonly (readonly [string, string | undefined])[] = [
    ['--to', to],
    ['--out', out],
    ['--quantise', isGguf ? quantise : undefined],
    ['--stage', stage],
    ['--artifact', artifact],
    ['--data', data],
    ['--edge', edge],
  ];
  const words = given.flatMap(([option, value]) => (value === undefined ? [] : [option, quoted(value)]));
  return ['npx rlcd export', quoted(experimentId), ...words].join(' ');
}
