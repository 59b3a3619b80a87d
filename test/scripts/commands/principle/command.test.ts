/** `rlcd principle`: what it refuses before work, and what it lists without a model. */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { createFolder } from '../../../edge/node-store.ts';

const RLCD = fileURLToPath(new URL('../../../../scripts/rlcd.ts', import.meta.url));
const SENTENCE = 'answers admit what they do not know';

async function principle(...words: string[]) {
  return await new Promise<{ code: number | null; out: string; error: string }>((resolve) => {
    const child = execFile(process.execPath, [RLCD, 'principle', ...words], (_, out, error) =>
      resolve({ code: child.exitCode, out, error }),
    );
  });
}

describe('rlcd principle', { timeout: 120_000 }, () => {
  const folder = createFolder();
  const prompts = join(folder, 'prompts.jsonl');
  writeFileSync(prompts, '{"prompt": "What is rain?"}\n'.repeat(8));

  it('lists the pairs of the templates without a model, and says that none is measured', async () => {
    const { code, out, error } = await principle(SENTENCE);
    expect(code).toBe(0);
    expect(out).toContain('(answers that admit what they do not know) against');
    expect(error).toContain('Nothing is measured or written');
  });

  it('refuses before work what it could not write or measure', async () => {
    const there = join(folder, 'there.json');
    writeFileSync(there, '');
    expect((await principle(SENTENCE, '--out', there)).error).toContain('Name another file');
    const nowhere = (await principle(SENTENCE, '--out', join(folder, 'missing', 'file.json'))).error;
    expect(nowhere).toContain('Name a file in a folder that is there');
    expect(nowhere).not.toContain('    at ');
    const model = ['--model', 'bundled', '--prompts', prompts];
    const unknown = (await principle(SENTENCE, ...model, '--data', join(folder, 'missing'))).error;
    expect(unknown).toContain('is no folder of a run');
    expect(unknown).not.toContain('Measuring');
    const both = await principle(SENTENCE, ...model, '--data', folder, '--edge', 'http://127.0.0.1:1');
    expect(both.error).toContain('give --data, the folder of a run, or --edge');
    for (const nothing of ['', '  ', '?!'])
      expect((await principle(nothing)).error).toMatch(/the sentence says nothing\. Say in a few words/);
    expect((await principle('kind '.repeat(40))).error).toContain('has 199 characters, and 160');
    expect((await principle('日本語')).error).toContain('--name');
    expect((await principle(SENTENCE, '--name', 'A b')).error).toContain('use a-z');
    expect((await principle(SENTENCE, '--model', folder)).error).toContain('--model needs --prompts');
    expect((await principle(SENTENCE, '--placement', 'nowhere')).code).toBe(2);
  });

  it('refuses a placement that a model without a template has not, before anything is sampled', async () => {
    const options = ['--model', 'bundled', '--prompts', prompts, '--placement', 'system'];
    const { code, error } = await principle(SENTENCE, ...options);
    expect(code).not.toBe(0);
    expect(error).toContain('placement system goes with a model that has a chat template');
    expect(error).not.toContain('Measuring');
  });
});
