/** Reads data that lies beside the repository; tests that need it are skipped, with a message, where it is absent. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

/** The text of `../shared/<path>` (gunzipped if it ends in .gz), or null, having said so, when it is absent. */
export function readSharedData(path: string): string | null {
  const file = fileURLToPath(new URL(`../../../shared/${path}`, import.meta.url));
  if (!existsSync(file)) {
    console.warn(`skipped: ../shared/${path} is absent`);
    return null;
  }
  const bytes = readFileSync(file);
  return (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
}
