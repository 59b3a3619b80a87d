/** The Node host: node:sqlite and files in one folder. */
import { chmodSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import type { BlockList } from 'node:net';
import { join } from 'node:path';
import { getConnInfo } from '@hono/node-server/conninfo';
import type { Dependencies } from '../http/dependencies.ts';
import { openDatabase } from '../store/database.ts';
import { createClientAddress } from './client-address.ts';
import { FileBlobs } from './file-blobs.ts';
import { MemoryLimiter } from './memory-limiter.ts';
import { lockFolder } from './folder-lock.ts';
import { migrate } from './migrate-node.ts';
import { NodeDatabase } from './node-database.ts';
import { createSteadyClock } from './steady-clock.ts';
import { BLOBS_FOLDER, DATABASE_FILE, refuseFolderOfRun } from './store-folder.ts';

export interface NodeHost {
  readonly dependencies: Dependencies;
  close(): void;
}

/** The scorer's WASM, compiled. */
export function readScoringKernel(): WebAssembly.Module {
  return new WebAssembly.Module(readFileSync(new URL('../scoring/kernel.wasm', import.meta.url)));
}

/** Hashes of keys and everything that was uploaded lie in it: no other user of the machine has a look. */
function makePrivateFolder(directory: string): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const { mode, uid } = statSync(directory);
  // Where it is somebody else's, as a mounted volume may be, he has said who gets in.
  if ((mode & 0o077) !== 0 && uid === process.getuid?.()) chmodSync(directory, 0o700);
}

/**
 * Opens the store of a folder, with every migration applied and without what a killed process left half-written.
 *
 * @param directory where the database file and the blobs lie; made where it is missing, for its owner alone
 * @param trustedProxies whose word about the addresses of others is believed; nobody's unless given
 * @throws ConfigurationError where another edge serves the folder, a newer version has written it, or the store of a run
 *   lies in a folder of it
 */
export function openNodeHost(
  directory: string,
  bootstrapKey: string | undefined,
  trustedProxies?: BlockList,
): NodeHost {
  refuseFolderOfRun(directory);
  makePrivateFolder(directory);
  const unlock = lockFolder(directory);
  const client = new NodeDatabase(join(directory, DATABASE_FILE));
  const blobs = new FileBlobs(join(directory, BLOBS_FOLDER));
  try {
    migrate(client);
    blobs.sweep();
  } catch (error) {
    client.close();
    unlock();
    throw error;
  }
  const clock = createSteadyClock((line) => console.error(line));
  return {
    dependencies: {
      database: openDatabase(client as unknown as D1Database),
      blobs,
      clock,
      scoringKernel: readScoringKernel(),
      limiter: new MemoryLimiter(clock),
      bootstrapKey,
      freeBytes: async () => {
        const { bavail, bsize } = await statfs(directory);
        return bavail * bsize;
      },
      clientAddress: createClientAddress(trustedProxies, (context) => getConnInfo(context).remote.address),
    },
    close: () => {
      client.close();
      unlock();
    },
  };
}
