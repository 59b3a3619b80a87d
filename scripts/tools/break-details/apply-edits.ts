/** Changes places of source files. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Edit } from './details.ts';

/** @throws Error if a place is not there exactly once: the source has changed since the break was written */
export function applyEdits(root: string, edits: readonly Edit[]): void {
  for (const { file, find, replace } of edits) {
    const place = path.join(root, file);
    const source = readFileSync(place, 'utf8');
    const count = source.split(find).length - 1;
    if (count !== 1) {
      throw new Error(
        `${file} has ${JSON.stringify(find)} ${count} times, the break needs it once: bring the break up to date`,
      );
    }
    writeFileSync(
      place,
      source.replace(find, () => replace),
    );
  }
}
