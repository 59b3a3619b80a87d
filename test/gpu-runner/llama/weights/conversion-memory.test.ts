/** The memory of a conversion, measured on a process of its own: under two layers and the largest tensor. */
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { Architecture } from '../../../../gpu-runner/llama/model/architecture.ts';
import { writeLargeFolder } from './large-folder.ts';
import { madeUpArchitecture, MADE_UP_VOCABULARY, temporaryFolder } from './made-up-checkpoint.ts';

const architecture: Architecture = {
  ...madeUpArchitecture,
  hiddenSize: 1536,
  intermediateSize: 4096,
  layers: 6,
  heads: 12,
  keyValueHeads: 12,
  headSize: 128,
  rope: { ...madeUpArchitecture.rope, rotarySize: 128 },
};

test('converting takes less than two layers and the largest tensor, as stored, above the process itself', () => {
  expect(architecture.vocabularySize).toBe(MADE_UP_VOCABULARY);
  const { folder, layerBytes, largestBytes, bytes } = writeLargeFolder(architecture);
  const script = fileURLToPath(new URL('measure-conversion.ts', import.meta.url));
  const output = execFileSync(process.execPath, [script, folder, temporaryFolder()], { encoding: 'utf8' });
  const { risen } = JSON.parse(output) as { risen: number };
  const limit = 2 * layerBytes + largestBytes;
  console.log(
    `conversion of ${(bytes / 1e6).toFixed(0)} MB rose ${(risen / 1e6).toFixed(1)} MB, limit ${(limit / 1e6).toFixed(1)} MB`,
  );
  expect(risen).toBeGreaterThan(0);
  expect(risen).toBeLessThan(limit);
  expect(limit).toBeLessThan(bytes / 2);
  rmSync(folder, { recursive: true });
});
