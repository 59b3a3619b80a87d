/** What leaves: every form from an experiment that a real runner made, by the command, read back by this project's readers. */
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { describeModel } from '../../gpu-runner/tasks/open-base-model.ts';
import { importModel } from '../../gpu-runner/llama/weights/import-model.ts';
import { openSafetensors } from '../../gpu-runner/llama/weights/safetensors-reader.ts';
import { command } from '../../scripts/commands/export/command.ts';
import { exportPending } from '../../shared/api/exports.ts';
import { parseCommand } from '../../shared/command-line/command.ts';
import { storyOpenings } from '../../shared/principles/kind-stories/story-openings.ts';
import { writeByteTokenizer } from '../fixtures/byte-tokenizer.ts';
import { trainTokenizer } from '../fixtures/train-tokenizer.ts';
import { unzip } from '../shared/export/unzip.ts';
import { ADMIN_KEY, createWorld, QUICK, type World } from './world.ts';

const { simulate = {}, generate = {} } = QUICK;

let world: World;
let folder: string;
let experiment: string;
beforeAll(async () => {
  vi.stubEnv('RLCD_KEY', ADMIN_KEY);
  folder = mkdtempSync(path.join(tmpdir(), 'rlcd-export-'));
  world = await createWorld();
  await world.run('runner', { models: [folder] });
  experiment = await world.submit({
    method: 'dpo',
    hyperparameters: {
      simulate,
      dpo: { rank: 2, batchPairs: 4, microbatchPairs: 2, maximumLength: 128, checkpointEverySteps: 1 },
      generate,
    },
  });
  await world.ended(experiment);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await world.close();
  rmSync(folder, { recursive: true, force: true });
});

async function leaveOf(experimentId: string, words: readonly string[]): Promise<void> {
  vi.spyOn(console, 'log').mockImplementation(() => {});
  vi.spyOn(console, 'error').mockImplementation(() => {});
  await parseCommand(command, [experimentId, '--edge', world.url, ...words]);
}
const leave = async (...words: readonly string[]): Promise<void> => await leaveOf(experiment, words);

type Query = Parameters<World['client']['exportAdapter']>[0]['query'];

/** The zip of a form that a runner makes, asked for until it is there. */
async function madeZip(experimentId: string, query: Query): Promise<Map<string, Uint8Array>> {
  const ask = async () => await world.client.exportAdapter({ parameters: { experimentId }, query });
  const first = await ask();
  expect(first.status).toBe(202);
  expect(Number(first.headers.get('retry-after'))).toBeGreaterThan(0);
  const { taskId } = exportPending.parse(await first.json());
  const task = async () => await world.client.getTask({ parameters: { taskId } });
  await expect.poll(async () => (await task()).status, { interval: 200 }).toMatch(/succeeded|failed/);
  expect(await task()).toMatchObject({ status: 'succeeded', failures: [] });
  const made = await ask();
  expect(made.status).toBe(200);
  return unzip(new Uint8Array(await made.arrayBuffer()));
}

/** Names of the files that differ or that one side alone has; of a card, the command that made it may differ. */
function differences(files: ReadonlyMap<string, Uint8Array>, inZip: string, out: string): string[] {
  const onDisk = new Map(readdirSync(out).map((name) => [`${inZip}/${name}`, path.join(out, name)]));
  return [...new Set([...files.keys(), ...onDisk.keys()])].filter((name) => {
    const [left, right] = [files.get(name), onDisk.get(name)];
    if (left === undefined || right === undefined) return true;
    const [one, other] = [Buffer.from(left), readFileSync(right)];
    if (!name.endsWith('/README.md')) return !one.equals(other);
    return withoutCommands(one.toString()) !== withoutCommands(other.toString());
  });
}

/** The bundled model with a token for every byte and ChatML: llama.cpp has a form for such a tokenizer. */
async function withTokenizer(name: string, write: (model: string) => void): Promise<string> {
  const model = path.join(folder, name);
  cpSync(path.join(import.meta.dirname, '../../gpu-runner/models/stories'), model, { recursive: true });
  write(model);
  const cache = path.join(folder, 'cache');
  const { id } = await world.client.createBaseModel({ body: await describeModel(name, model, cache) });
  return id;
}

/** An experiment on the model that has ended before it did anything: the base can leave, and nothing else. */
async function ofBase(baseModel: string): Promise<string> {
  const short = { maximumNewTokens: 16 };
  const hyperparameters = { simulate: short, generate: short };
  const experimentId = await world.submit({ baseModel, method: 'dpo', hyperparameters });
  await world.client.cancelExperiment({ parameters: { experimentId } });
  return experimentId;
}

/** What the command calls what the query asks for. */
const optionsOf = (query: Query): string[] =>
  Object.entries(query).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, value]));

function withoutCommands(card: string): string {
  return card
    .split('\n')
    .filter((line) => !/^(npx rlcd export|curl) /.test(line))
    .join('\n');
}

describe('rlcd export', () => {
  it("writes PEFT's files with the base's own place, and a card", async () => {
    const out = path.join(folder, 'peft');
    await leave('--to', 'peft', '--out', out);
    expect(readdirSync(out).toSorted()).toEqual([
      'README.md',
      'adapter_config.json',
      'adapter_model.safetensors',
    ]);
    const config = JSON.parse(readFileSync(path.join(out, 'adapter_config.json'), 'utf8')) as Record<
      string,
      unknown
    >;
    expect(existsSync(String(config['base_model_name_or_path']))).toBe(true);
    const reader = await openSafetensors(path.join(out, 'adapter_model.safetensors'));
    expect([...reader.metadata]).toEqual([['format', 'pt']]);
    await reader.close();
    const card = readFileSync(path.join(out, 'README.md'), 'utf8');
    expect(card).toContain('library_name: peft');
    expect(card).toMatch(/win rate/);
    expect(card).toContain(`rlcd export ${experiment} --to peft`);
  });

  it.each([
    ['peft', ['README.md', 'adapter_config.json', 'adapter_model.safetensors']],
    ['gguf-lora', ['README.md', 'adapter.gguf']],
  ] as const)('answers the files of %s as a zip, equal to those of the command', async (to, names) => {
    const out = path.join(folder, `zip-${to}`);
    await leave('--to', to, '--out', out);
    const answer = await world.client.exportAdapter({
      parameters: { experimentId: experiment },
      query: { to },
    });
    const files = unzip(new Uint8Array(await answer.arrayBuffer()));
    expect([...files.keys()]).toEqual(names.map((name) => `${experiment}-${to}/${name}`));
    for (const name of names.slice(1)) {
      const bytes = files.get(`${experiment}-${to}/${name}`) ?? new Uint8Array();
      expect(Buffer.from(bytes).equals(readFileSync(path.join(out, name)))).toBe(true);
    }
  });

  it.each([{ to: 'merged' }, { to: 'merged', stage: 'base' }] as const)(
    'has a runner make %j for HTTP, equal to the folder of the command',
    async (query) => {
      const out = path.join(folder, `made-${Object.values(query).join('-')}`);
      await leave(...optionsOf(query), '--out', out);
      const files = await madeZip(experiment, query);
      expect(files.size).toBeGreaterThan(3);
      expect(differences(files, `${experiment}-merged`, out)).toEqual([]);
    },
  );

  it('has a runner make GGUFs and a Modelfile of a base that llama.cpp knows', async () => {
    const ofBytes = await ofBase(await withTokenizer('bytes', writeByteTokenizer));
    for (const query of [
      { to: 'gguf', quantise: 'f16', stage: 'base' },
      { to: 'ollama', stage: 'base' },
    ] as const) {
      const out = path.join(folder, `bytes-${query.to}`);
      await leaveOf(ofBytes, [...optionsOf(query), '--out', out]);
      const files = await madeZip(ofBytes, query);
      expect([...files.keys()]).toContain(`${ofBytes}-${query.to}/model.gguf`);
      expect(differences(files, `${ofBytes}-${query.to}`, out)).toEqual([]);
    }
  });

  it('tells over HTTP why a runner could not make one', async () => {
    // Words that no token crosses: llama.cpp knows no such border where bytes stand for what is no token.
    const texts = storyOpenings().map(({ text }) => text);
    const apart = await withTokenizer('apart', (model) => {
      const { tokenizer, config } = trainTokenizer(texts, { vocabularySize: 1024 });
      writeFileSync(path.join(model, 'tokenizer.json'), JSON.stringify(tokenizer));
      writeFileSync(path.join(model, 'tokenizer_config.json'), JSON.stringify(config));
    });
    const query = { to: 'gguf', stage: 'base' } as const;
    const parameters = { experimentId: await ofBase(apart) };
    const refusal = async () =>
      await world.client.exportAdapter({ parameters, query }).then(
        () => 'not yet',
        (error: unknown) => String(error),
      );
    await expect.poll(refusal, { interval: 200 }).not.toBe('not yet');
    expect(await refusal()).toMatch(/409 .*The export failed: .*llama\.cpp would.*Ask for merged or peft/);
  });

  it('says over HTTP what cannot leave, and what can', async () => {
    const asked = world.client.exportAdapter({
      parameters: { experimentId: experiment },
      query: { to: 'peft', stage: 'ppo' },
    });
    await expect(asked).rejects.toThrow(/409 .*stage ppo made no adapter. It has dpo adapter [0-9a-f]{64}/);
  });

  it('writes a merged folder that opens as the aligned model, and the base as itself', async () => {
    const aligned = path.join(folder, 'merged');
    const base = path.join(folder, 'base');
    await leave('--to', 'merged', '--out', aligned);
    await leave('--to', 'merged', '--stage', 'base', '--out', base);
    const options = { cacheDirectory: path.join(folder, 'cache') };
    const [one, other] = [await importModel(aligned, options), await importModel(base, options)];
    expect(one.architecture).toMatchObject({ layers: other.architecture.layers, rope: { layout: 'half' } });
    const read = async (model: typeof one) =>
      await model.base.readDequantised('layers.0.attention.qkv.weight');
    const [changed, plain] = [await read(one), await read(other)];
    const distance = changed.reduce((sum, value, index) => sum + Math.abs(value - (plain[index] ?? 0)), 0);
    expect(distance).toBeGreaterThan(0);
  });

  it('refuses a folder that holds something, and leaves nothing behind a fault', async () => {
    const out = path.join(folder, 'full');
    await leave('--to', 'peft', '--out', out);
    await expect(leave('--to', 'peft', '--out', out)).rejects.toThrow(/not an empty folder/);
    writeFileSync(path.join(folder, 'file'), '');
    await expect(leave('--to', 'peft', '--out', path.join(folder, 'file'))).rejects.toThrow(/not an empty/);
    const fails = path.join(folder, 'fails');
    await expect(leave('--to', 'gguf', '--stage', 'nothing', '--out', fails)).rejects.toThrow(
      /made no adapter/,
    );
    expect(readdirSync(folder).filter((name) => name.startsWith('fails'))).toEqual([]);
  });
});
