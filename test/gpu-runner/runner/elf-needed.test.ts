/** What a library is linked with, read from files made here and from the engine's own. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { neededLibraries } from '../../../gpu-runner/runner/elf-needed.ts';
import { sharedLibrary } from './shared-library.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'rlcd-elf-'));
afterAll(() => rmSync(folder, { recursive: true }));

function written(bytes: Buffer): string {
  const file = path.join(folder, 'library.so');
  writeFileSync(file, bytes);
  return file;
}

describe('neededLibraries', () => {
  it('tells what a library is linked with, in order, and not what its text speaks of', () => {
    const file = written(sharedLibrary(['libb.so.2', 'liba.so.1'], 'libcudart.so.12'));
    expect(neededLibraries(file)).toEqual(['libb.so.2', 'liba.so.1']);
    expect(neededLibraries(written(sharedLibrary([])))).toEqual([]);
  });

  it.runIf(process.platform === 'linux')('reads the engine’s own binding', () => {
    const root = path.join(path.dirname(createRequire(import.meta.url).resolve('onnxruntime-node')), '..');
    const binding = path.join(root, 'bin/napi-v6/linux', process.arch, 'onnxruntime_binding.node');
    expect(neededLibraries(binding)).toContain('libonnxruntime.so.1');
  });

  it('refuses what is no library, and one that is cut short', () => {
    expect(() => neededLibraries(written(Buffer.alloc(100)))).toThrow(/is no library of a 64-bit/);
    const whole = sharedLibrary(['liba.so.1']);
    for (const length of [10, 70, whole.length - 1]) {
      expect(() => neededLibraries(written(whole.subarray(0, length)))).toThrow(/is cut short/);
    }
  });
});
