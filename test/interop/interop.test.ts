/** The interop table without Python: what it shows, and what a person is told where something is missing. */
import path from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { UserError } from '../../shared/user-error.ts';
import { temporaryFolder } from '../gpu-runner/llama/weights/made-up-checkpoint.ts';
import { compare } from './compare.ts';
import { columns } from './columns.ts';
import { interpreterOf, makeEnvironment } from './environment.ts';
import { mixedTexts } from './mixed-texts.ts';
import { formatTable, passes } from './table.ts';

test('the table tells figures, faults and what was left out', () => {
  const [first, second, third] = columns;
  const outcomes = {
    [first?.name ?? '']: { value: 2e-3, limit: 1e-3 },
    [second?.name ?? '']: { fault: 'out of memory' },
    [third?.name ?? '']: { leftOut: 'not asked for' },
  };
  const text = formatTable([{ name: 'llama', tokenizer: 'gpt2', outcomes }], columns.slice(0, 3));
  expect(text).toContain('| llama | **2.0e-3** | **fault** | - | gpt2 |');
});

test('a figure passes up to its limit, a measurement always, a fault never', () => {
  expect(passes({ value: 1, limit: 1 })).toBe(true);
  expect(passes({ value: 1.1, limit: 1 })).toBe(false);
  expect(passes({ value: Number.NaN, limit: 1 })).toBe(false);
  expect(passes({ value: 9, limit: null })).toBe(true);
  expect(passes({ fault: 'x' })).toBe(false);
  expect(passes({ leftOut: 'x' })).toBe(true);
});

test('columns have names of their own', () => {
  const names = columns.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
});

test('the mixed texts are a thousand, nearly all different, and the same every time', () => {
  const texts = mixedTexts(1000);
  expect(new Set(texts).size).toBeGreaterThan(900);
  expect(mixedTexts(1000)).toEqual(texts);
});

describe('what is missing is told', () => {
  test('a folder that is no environment', async () => {
    await expect(interpreterOf(temporaryFolder())).rejects.toThrow(/holds no Python\. Name the folder of/);
  });

  test('no Python at all', async () => {
    vi.stubEnv('PATH', temporaryFolder());
    const cache = path.join(temporaryFolder(), 'cache');
    try {
      const made = makeEnvironment(cache, false, () => {});
      await expect(made).rejects.toThrow(UserError);
      await expect(made).rejects.toThrow(/python3 -m venv .*Install Python 3\.10 or newer/);
    } finally {
      vi.unstubAllEnvs();
    }
  });

  test('a column that there is not', async () => {
    const comparison = {
      python: () => Promise.reject(new Error('asked')),
      scratch: temporaryFolder(),
      log: () => {},
      hasLlamaCpp: false,
      checkpoints: [],
      columns: ['speed'],
      folders: [],
    };
    await expect(compare(comparison)).rejects.toThrow(/There is no column speed/);
  });
});
