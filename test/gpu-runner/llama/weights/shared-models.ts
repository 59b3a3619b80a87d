/** The real models beside the repository; tests that need one say that it is absent and are skipped. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { TestContext } from 'vitest';

/** Path of `../shared/models/<path>`; skips the test, with the reason, where it is absent. */
export function sharedModel(path: string, context: TestContext): string {
  const file = fileURLToPath(new URL(`../../../../../shared/models/${path}`, import.meta.url));
  context.skip(!existsSync(file), `../shared/models/${path} is absent`);
  return file;
}
