/** Makes a folder that someone named, with the folders above it. */
import { existsSync } from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { hasCode } from '../shared/caught.ts';

/**
 * One folder after the other: Node's `recursive` asks without end below a folder in which none can be made, such as /proc.
 *
 * @throws what the system says, or that a file stands there
 */
export async function makeFolder(path: string): Promise<void> {
  const missing: string[] = [];
  for (let folder = resolve(path); !existsSync(folder); folder = dirname(folder)) missing.unshift(folder);
  for (const folder of missing) {
    try {
      await mkdir(folder);
    } catch (error) {
      // Another program was faster.
      if (!hasCode(error, 'EEXIST')) throw error;
    }
  }
  if (!(await stat(path)).isDirectory()) throw new Error(`a file stands at ${path}`);
}
