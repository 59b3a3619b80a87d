/** Text classifiers among the judges, named by a person in her own folder and opened by a runner in another. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { UsageError } from '../../../shared/command-line/usage-error.ts';
import type { PaperSettings } from './settings.ts';

/** In every folder of a classifier. */
const CONFIGURATION = 'config.json';

/** Settings whose classifiers are named from the root. @throws UsageError for a folder without one, before any work */
export function withJudgeFolders(settings: PaperSettings): PaperSettings {
  const { judge } = settings.hyperparameters;
  if (judge?.judges === undefined) return settings;
  const judges = judge.judges.map((one) => {
    if (typeof one !== 'object' || one.kind !== 'classifier') return one;
    const folder = resolve(one.folder);
    if (existsSync(join(folder, CONFIGURATION))) return { ...one, folder };
    throw new UsageError(
      `the judge's folder ${one.folder} holds no text classifier: it has no ${CONFIGURATION}`,
      {
        cure: 'Name a folder that rlcd classifier wrote, or one with config.json, tokenizer.json and onnx/',
      },
    );
  });
  return { ...settings, hyperparameters: { ...settings.hyperparameters, judge: { ...judge, judges } } };
}

/** Of the classifiers among the judges. */
export function judgeFolders({ hyperparameters: { judge } }: PaperSettings): string[] {
  return (judge?.judges ?? []).flatMap((one) =>
    typeof one === 'object' && one.kind === 'classifier' ? [one.folder] : [],
  );
}
