/** Test stores on the Node host, in a folder that ends with the test file. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { FileBlobs } from '../../edge/hosts/file-blobs.ts';
import { migrate } from '../../edge/hosts/migrate-node.ts';
import { readScoringKernel } from '../../edge/hosts/node.ts';
import { NodeDatabase } from '../../edge/hosts/node-database.ts';
import { openDatabase } from '../../edge/store/database.ts';
import type { TestStore } from './harness.ts';

/** A folder that is removed after the test file. */
export function createFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'rlcd-edge-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A store in memory with its files in `folder`, and the SQLite connection under it. */
export function openNodeStore(folder: string): TestStore & { client: NodeDatabase } {
  const client = new NodeDatabase(':memory:');
  migrate(client);
  return {
    client,
    database: openDatabase(client as unknown as D1Database),
    blobs: new FileBlobs(join(folder, 'blobs')),
    scoringKernel: readScoringKernel(),
  };
}
