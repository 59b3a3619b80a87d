/** What an alignment is made of, before anything is begun: affixes where the command line puts them, or refused by name. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { readMaterials } from '../../../../scripts/commands/demo/materials.ts';

const folder = mkdtempSync(join(tmpdir(), 'rlcd-materials-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A server of messages simulates, so that there is a chat without a chat model. */
const simulator = 'http://127.0.0.1:1/v1#chat';

function principle(name: string, positive: string): string {
  const file = join(folder, `${name}.json`);
  const affixPairs = [{ positive, negative: '(rude)' }];
  writeFileSync(file, JSON.stringify({ description: 'd', form: 'dialogue', affixPairs }));
  return file;
}

// Each reading opens the bundled model.
it('puts affixes where it is asked to, in a chat alone', async () => {
  const prompts = join(folder, 'prompts.txt');
  writeFileSync(prompts, Array.from({ length: 60 }, (_, row) => `How are ${row} birds?\n`).join(''));
  const common = {
    method: 'rlcd',
    model: 'bundled',
    prompts,
    principle: principle('kind', '(kind)'),
  } as const;
  const chat = { ...common, form: 'chat', simulator, placement: 'user' } as const;
  const { principle: placed } = await readMaterials(chat, folder);
  expect(placed.definition.placement).toBe('user');
  const { principle: plain } = await readMaterials(common, folder);
  expect(plain.definition).not.toHaveProperty('placement');
  await expect(readMaterials({ ...common, placement: 'user' }, folder)).rejects.toThrow(
    /placement user goes with a model that has a chat template/,
  );
  await expect(
    readMaterials({ ...common, principle: 'kind-stories', placement: 'label' }, folder),
  ).rejects.toThrow(/placement label goes with dialogues/);
});

it('refuses an affix that would end the label, before anything is sampled', async () => {
  const common = {
    method: 'rlcd',
    model: 'bundled',
    form: 'chat',
    simulator,
    principle: principle('colon', '(kind: polite)'),
  } as const;
  await expect(readMaterials({ ...common, form: 'chat' }, folder)).rejects.toThrow(
    /"\(kind: polite\)" holds a colon/,
  );
  const { principle: placed } = await readMaterials({ ...common, form: 'chat', placement: 'system' }, folder);
  expect(placed.definition.affixPairs[0]?.positive).toBe('(kind: polite)');
});

it('refuses a simulator where the method makes no pairs', async () => {
  const options = { method: 'rlcd-direct', model: 'bundled', simulator, principle: 'kind-stories' } as const;
  await expect(readMaterials(options, folder)).rejects.toThrow(/--simulator writes pairs/);
});
