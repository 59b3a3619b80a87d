/** The state of a training run as a file: what a stopped run goes on from. */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { hasCode } from '../../../shared/caught.ts';
import { decodeState, encodeState, type TrainingState } from '../../llama/trainer/training-state.ts';

export async function readState(file: string): Promise<TrainingState | undefined> {
  try {
    return decodeState(await readFile(file));
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

export async function writeState(file: string, state: TrainingState): Promise<void> {
  await writeFile(`${file}.partial`, encodeState(state));
  await rename(`${file}.partial`, file);
}
