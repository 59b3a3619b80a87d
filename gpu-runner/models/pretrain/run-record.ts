/** What a work folder was begun with: what it holds is of use to the same run alone. */
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { hasCode } from '../../../shared/caught.ts';
import { UserError } from '../../../shared/user-error.ts';

const FILE = 'run.json';

type RunSettings = Readonly<Record<string, string | number>>;

/**
 * Notes the settings of a new run, or compares them with those of the run that the folder holds.
 *
 * @throws UserError naming the first setting that differs
 */
export async function sameRun(work: string, settings: RunSettings): Promise<void> {
  const file = path.join(work, FILE);
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return null;
    throw error;
  });
  if (text === null) {
    await writeFile(file, `${JSON.stringify(settings, null, 2)}\n`);
    return;
  }
  const before = JSON.parse(text) as RunSettings;
  for (const [name, value] of Object.entries(settings)) {
    if (before[name] !== value)
      throw new UserError(`${work} holds a run with ${name} ${before[name] ?? '(none)'}, not ${value}`, {
        cure: 'Give another --work, or the settings of that run',
      });
  }
}
