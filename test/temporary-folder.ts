/**
 * One folder for everything that the tests write beside themselves, removed when they end: no test can forget its own.
 * Node's compile cache stands in it, too: the hundreds of processes and threads that the tests start parse and strip each
 * module once, not each for itself.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Before the first test's process starts, which takes the place over. @returns what runs after the last one */
export default function setup(): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'rlcd-test-'));
  process.env['TMPDIR'] = folder;
  process.env['NODE_COMPILE_CACHE'] = join(folder, 'compiled');
  return () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
