/** What the demo is given: prompts, principles and models, read or refused before anything starts. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { UserError } from '../../../shared/user-error.ts';
import { readBaseModel } from '../../../scripts/experiment/base-model.ts';
import { readPrinciple } from '../../../scripts/experiment/principle.ts';
import { readPrompts } from '../../../scripts/experiment/prompts.ts';
import { storyPrompts } from '../../../scripts/experiment/story-prompts.ts';
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
    const { name, lines, rule } = await readPrompts(undefined);
    const rows = lines.trimEnd().split('\n');
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
    ['empty.jsonl', '\n \n', /empty\.jsonl is empty/],
    ['short.txt', 'One sentence.', /holds no story/],
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

describe('openings of stories', () => {
  const words = (count: number, first = 'Word') => `${[first, ...Array(count - 1).fill('word')].join(' ')}.`;

  it('are as few whole sentences as give 15 words', () => {
    const story = [words(8), words(7), words(9)].join(' ');
    expect(storyPrompts(story)).toEqual([[words(8), words(7)].join(' ')]);
    expect(storyPrompts(`${words(15)} ${words(3)}`)).toEqual([words(15)]);
  });

  it('leave something to write, are no longer than 40 words, and are not repeated', () => {
    expect(storyPrompts(`${words(10)} ${words(10)}`)).toEqual([]);
    expect(storyPrompts(`${words(41)} ${words(3)}`)).toEqual([]);
    expect(storyPrompts(`${words(40)} ${words(3)}`)).toHaveLength(1);
    const twice = `${words(20)} ${words(3)}\n<|endoftext|>\n${words(20)} ${words(5)}`;
    expect(storyPrompts(twice)).toEqual([words(20)]);
  });

  it('keep quotes closed and white space single', () => {
    const story = `"${words(16, 'Oh')}"\nHe   left. The end.`;
    expect(storyPrompts(story)).toEqual([`"${words(16, 'Oh')}"`]);
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
