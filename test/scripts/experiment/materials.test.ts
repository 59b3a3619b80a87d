/** What the demo is given: prompts, principles and models, read or refused before anything starts. */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { UserError } from '../../../shared/user-error.ts';
import { readBaseModel } from '../../../scripts/experiment/base-model.ts';
import { readPrinciple } from '../../../scripts/experiment/principle.ts';
import { readSplitRule } from '../../../edge/domain/prompt-sets/split-rule.ts';
import { readMaterials } from '../../../scripts/commands/demo/materials.ts';
import { countPrompts } from '../../../scripts/experiment/prompt-counts.ts';
import { readPrompts, requireEnoughPrompts } from '../../../scripts/experiment/prompts.ts';
import { UsageError } from '../../../shared/command-line/usage-error.ts';

const folder = mkdtempSync(join(tmpdir(), 'rlcd-materials-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

describe('prompts', () => {
  it('are the shipped openings unless given, each with its split', async () => {
    const { name, bytes, rule } = await readPrompts(undefined);
    const rows = new TextDecoder().decode(bytes).trimEnd().split('\n');
    expect(rule).toBe('field');
    expect(name).toMatch(/^kind-stories-[0-9a-f]{12}$/);
    expect(rows.length).toBeGreaterThanOrEqual(1500);
    expect(JSON.parse(rows[0] ?? '')).toEqual({ prompt: expect.any(String), split: 'train' });
  });

  it('are named after their content, and split as their rows say', async () => {
    const one = await readPrompts(file('a.jsonl', '{"prompt": "a"}\n'));
    const other = await readPrompts(file('b.jsonl', '{"prompt": "a", "split": "test"}\n'));
    expect([one.rule, other.rule]).toEqual(['hash', 'field']);
    expect(one.name).not.toBe(other.name);
    expect((await readPrompts(file('c.jsonl', '{"prompt": "a"}\n'))).name).toBe(one.name);
  });

  it.each([
    ['empty.jsonl', '\n \n', /empty\.jsonl holds no prompt/],
    ['short.txt', 'One sentence.<|endoftext|>', /short\.txt holds no prompt/],
    ['none.csv', 'prompt\n""\n', /holds no row of use: 1 empty \(line 2\)/],
    ['odd.jsonl', '{"prompt": "a"}\n{"prompt": 3}\n', /line 2: prompt: must be a text/],
    ['cut.json', '[{"prompt": "a"}', /line 1: the array does not end/],
  ])('of %s are refused', async (name, text, fault) => {
    const reading = readPrompts(file(name, text));
    await expect(reading).rejects.toThrow(UsageError);
    await expect(reading).rejects.toThrow(fault);
  });

  it('that are not there are named', async () => {
    await expect(readPrompts(join(folder, 'none.jsonl'))).rejects.toThrow(
      /none\.jsonl cannot be read: there is no such file; check the path$/,
    );
    await expect(readPrompts(folder)).rejects.toThrow(/cannot be read: it is a folder; name a file in it$/);
  });
});

describe('splits', () => {
  it('that are too small are told before any work', () => {
    expect(() => requireEnoughPrompts({ train: 2, dev: 2, test: 2 })).not.toThrow();
    expect(() => requireEnoughPrompts({ train: 60, dev: 1, test: 9 })).toThrow(
      /60 to train, 1 to choose by \(dev\) and 9 to test/,
    );
  });

  it('are counted as the edge will have them, and refused before the model is opened', async () => {
    const prompts = Array.from({ length: 300 }, (_, row) => `What is ${row}?`);
    const read = await readPrompts(file('many.txt', prompts.join('\n')));
    const rule = readSplitRule({ rule: 'hash', train: '0.7', dev: '0.1', test: '0.2' });
    const splits = prompts.map((text, position) =>
      rule({ position, promptSha256: createHash('sha256').update(text).digest('hex'), split: undefined }),
    );
    const count = (wanted: string) => splits.filter((split) => split === wanted).length;
    const counts = { train: count('train'), dev: count('dev'), test: count('test') };
    expect(countPrompts(read).prompts).toEqual(counts);
    expect(Math.min(...Object.values(counts))).toBeGreaterThan(10);
    const asked = { method: 'rlcd', model: join(folder, 'nowhere'), principle: 'helpfulness' } as const;
    const one = file('one.jsonl', '{"prompt": "What is the capital of France?"}\n');
    await expect(readMaterials({ ...asked, prompts: one }, folder)).rejects.toThrow(
      /the prompts are too few/,
    );
  });
});

describe('principles', () => {
  it('are presets by name, or files by path', async () => {
    const preset = await readPrinciple('kind-stories');
    expect(preset.definition.affixPairs.length).toBeGreaterThan(0);
    const own = file('my-principle.json', JSON.stringify(preset.definition));
    expect(await readPrinciple(own)).toEqual({ ...preset, name: 'my-principle' });
  });

  it.each([
    ['no-pairs.json', '{"description": "d", "form": "prefix", "affixPairs": []}', /affixPairs/],
    ['no-json.json', '{', /no-json\.json is not JSON/],
    ['nothing.json', '', /nothing\.json is empty: it must hold a JSON document$/],
    ['no-form.json', '{"description": "d"}', /no-form\.json is not a principle: form: .*; one is \{.*\}$/],
    [
      'Wrong Name.json',
      '{"description": "d", "form": "prefix", "affixPairs": [{"positive": "a", "negative": "b"}]}',
      /name/,
    ],
  ])('of %s are refused', async (name, text, fault) => {
    const reading = readPrinciple(file(name, text));
    await expect(reading).rejects.toThrow(UsageError);
    await expect(reading).rejects.toThrow(fault);
  });

  it('may begin with a byte order mark', async () => {
    const { definition } = await readPrinciple('kind-stories');
    const marked = file('marked.json', `\ufeff${JSON.stringify(definition)}`);
    expect((await readPrinciple(marked)).definition).toEqual(definition);
  });

  it('that are unknown are answered with the presets', async () => {
    await expect(readPrinciple('kindness')).rejects.toThrow(
      /harmlessness, helpfulness, outline, kind-stories/,
    );
  });
});

describe('models', () => {
  it('without a tokenizer are refused with the cure', async () => {
    const model = mkdtempSync(join(folder, 'model-'));
    writeFileSync(join(model, 'config.json'), '{}');
    writeFileSync(join(model, 'model.safetensors'), '');
    const reading = readBaseModel(model, join(folder, 'cache'));
    await expect(reading).rejects.toThrow(UserError);
    await expect(reading).rejects.toThrow(/tokenizer.*is missing/s);
  });

  it('that come with the product have a hash of weights and tokenizer', async () => {
    const { source, weightsSha256, contextLength } = await readBaseModel('bundled', join(folder, 'cache'));
    expect(source).toBe('bundled');
    expect(weightsSha256).toMatch(/^[0-9a-f]{64}$/);
    expect(contextLength).toBeGreaterThan(100);
  });
});
