/** Where the store of a folder lies: in it, or a floor below, as `rlcd demo` and `rlcd align` keep theirs. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigurationError } from '../../shared/read-variables.ts';

/** The parts of a folder that make the store. */
export const DATABASE_FILE = 'rlcd.sqlite';
export const BLOBS_FOLDER = 'blobs';

/** In the data folder of a run of `rlcd demo` or `rlcd align` on this host. */
const FOLDER_OF_RUN = 'edge-node';

/** The folder in `directory` that holds the store, where it is a run's and holds none itself. */
export function storeOfRun(directory: string): string | undefined {
  const below = join(directory, FOLDER_OF_RUN);
  const holds = (folder: string) => existsSync(join(folder, DATABASE_FILE));
  return !holds(directory) && holds(below) ? below : undefined;
}

/**
 * Keeps a new store from being begun beside the one that is meant.
 *
 * @throws ConfigurationError naming the folder that holds it
 */
export function refuseFolderOfRun(directory: string): void {
  const store = storeOfRun(directory);
  if (store === undefined) return;
  throw new ConfigurationError(
    `RLCD_DATA: ${directory} is the folder of a run, whose store lies in ${store}: set RLCD_DATA=${store}`,
  );
}
