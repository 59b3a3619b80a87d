/** The interop table without Python: what it shows, and what a person is told where something is missing. */
import path from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { UserError } from '../../shared/user-error.ts';
import { temporaryFolder } from '../gpu-runner/llama/weights/made-up-checkpoint.ts';
import { distanceOf } from './answers/distance.ts';
import { answersPass, formatAnswers } from './answers/table.ts';
import { compare } from './compare.ts';
import { columns } from './columns.ts';
import { interpreterOf, makeEnvironment } from '../python-environment.ts';
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

test('answers are as far apart as their tokens, and as their means', () => {
  const distance = distanceOf([[-1, -2], [-3]], [[-1.5, -1.5], [-2]]);
  expect(distance).toEqual({ token: (0.5 + 0.5 + 1) / 3, answer: (0 + 1) / 2 });
  expect(distanceOf([[-1, -2]], [[-1]]).token).toBeNaN();
  expect(distanceOf([[-1, -2]], []).answer).toBeNaN();
});

test('sampled answers pass up to 0.02 nats a token; Q8_0, which rounds on purpose, is a measurement', () => {
  const row = (form: string, token: number) => {
    const distance = { token, answer: token };
    return { form, fp32: { token: 8, answer: 8 }, weights: distance, int8: { token: 9, answer: 9 } };
  };
  expect(answersPass(row('merged', 0.02))).toBe(true);
  expect(answersPass(row('merged', 0.021))).toBe(false);
  expect(answersPass(row('merged', Number.NaN))).toBe(false);
  expect(answersPass(row('GGUF Q8_0', 0.1))).toBe(true);
  expect(answersPass(row('GGUF Q8_0', Number.NaN))).toBe(false);
  const distance = { token: 0.25, answer: 5e-4 };
  const text = formatAnswers({
    model: 'small',
    answers: 1,
    tokens: 2,
    texts: ['"Yes"\n'],
    ownRounding: { activations: distance, weights: distance },
    rows: [row('PEFT', 0.125)],
  });
  expect(text).toContain('| PEFT | 0.1250 / 0.1250 | 8.0000 / 8.0000 | 9.0000 / 9.0000 |');
  expect(text).toContain('fp32 form: 0.2500 / 5.0e-4.');
  expect(text).toContain(String.raw`- "\"Yes\"\n"`);
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
      const made = makeEnvironment(cache, [], () => {});
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
