/** The folder of a Node host, opened by who looks after it and not by an edge. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../../shared/user-error.ts';
import { FileBlobs } from '../hosts/file-blobs.ts';
import { missingMigrations } from '../hosts/migrate-node.ts';
import { NodeDatabase } from '../hosts/node-database.ts';
import { BLOBS_FOLDER, DATABASE_FILE, storeOfRun } from '../hosts/store-folder.ts';
import { openDatabase, type Store } from '../store/database.ts';

export interface OpenFolder extends Store {
  readonly directory: string;
  readonly client: NodeDatabase;
  readonly blobs: FileBlobs;
  close(): void;
}

/**
 * Opens a store that has the schema of this version.
 *
 * @throws UserError where there is none, or an older or newer version has written it
 */
export function openFolder(directory: string, options: { readonly readOnly: boolean }): OpenFolder {
  const file = join(directory, DATABASE_FILE);
  if (!existsSync(file)) {
    const store = storeOfRun(directory);
    throw new UserError(`${directory} holds no store: it has no ${DATABASE_FILE}`, {
      code: 'no-store',
      cure:
        store === undefined
          ? 'Name the folder that rlcd serve keeps its data in (--data, RLCD_DATA)'
          : `It is the folder of a run, whose store lies in ${store}: name that`,
    });
  }
  const client = new NodeDatabase(file, options);
  try {
    const [missing] = missingMigrations(client);
    if (missing !== undefined) {
      throw new UserError(
        `An older version of rlcd has written ${directory} (it lacks the migration ${missing})`,
        {
          code: 'old-store',
          cure: 'Start rlcd serve on it once, which brings it up to date',
        },
      );
    }
  } catch (error) {
    client.close();
    throw error;
  }
  return {
    directory,
    client,
    database: openDatabase(client as unknown as D1Database),
    blobs: new FileBlobs(join(directory, BLOBS_FOLDER)),
    close: () => client.close(),
  };
}
