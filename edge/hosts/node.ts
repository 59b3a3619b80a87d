/** The Node host: node:sqlite and files in one folder. */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { getConnInfo } from '@hono/node-server/conninfo';
import type { Dependencies } from '../http/dependencies.ts';
import { openDatabase } from '../store/database.ts';
import { FileBlobs } from './file-blobs.ts';
import { MemoryLimiter } from './memory-limiter.ts';
import { lockFolder } from './folder-lock.ts';
import { migrate } from './migrate-node.ts';
import { NodeDatabase } from './node-database.ts';

export interface NodeHost {
  readonly dependencies: Dependencies;
  close(): void;
}

/** The scorer's WASM, compiled. */
export function readScoringKernel(): WebAssembly.Module {
  return new WebAssembly.Module(readFileSync(new URL('../scoring/kernel.wasm', import.meta.url)));
}

/**
 * Opens the store of a folder, with every migration applied and without what a killed process left half-written.
 *
 * @param directory where the database file and the blobs lie; made where it is missing
 * @throws ConfigurationError where another edge serves the folder, or a newer version has written it
 */
export function openNodeHost(directory: string, bootstrapKey: string | undefined): NodeHost {
  mkdirSync(directory, { recursive: true });
  const unlock = lockFolder(directory);
  const client = new NodeDatabase(join(directory, 'rlcd.sqlite'));
  const blobs = new FileBlobs(join(directory, 'blobs'));
  try {
    migrate(client);
    blobs.sweep();
  } catch (error) {
    client.close();
    unlock();
    throw error;
  }
  const clock = Date.now;
  return {
    dependencies: {
      database: openDatabase(client as unknown as D1Database),
      blobs,
      clock,
      scoringKernel: readScoringKernel(),
      limiter: new MemoryLimiter(clock),
      bootstrapKey,
      clientAddress: (context) => getConnInfo(context).remote.address ?? 'unknown',
    },
    close: () => {
      client.close();
      unlock();
    },
  };
}
