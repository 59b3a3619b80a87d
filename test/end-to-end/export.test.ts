/** What leaves: every form from an experiment that a real runner made, by the command, read back by this project's readers. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { importModel } from '../../gpu-runner/llama/weights/import-model.ts';
import { openSafetensors } from '../../gpu-runner/llama/weights/safetensors-reader.ts';
import { command } from '../../scripts/commands/export/command.ts';
import { parseCommand } from '../../shared/command-line/command.ts';
import { ADMIN_KEY, createWorld, QUICK, type World } from './world.ts';

const { simulate = {}, generate = {} } = QUICK;

let world: World;
let folder: string;
let experiment: string;
beforeAll(async () => {
  vi.stubEnv('RLCD_KEY', ADMIN_KEY);
  folder = mkdtempSync(path.join(tmpdir(), 'rlcd-export-'));
  world = await createWorld();
  await world.run('runner');
  experiment = await world.submit({
    method: 'dpo',
    hyperparameters: {
      simulate,
      dpo: { rank: 2, batchPairs: 4, microbatchPairs: 2, maximumLength: 128, checkpointEverySteps: 1 },
      generate,
    },
  });
  await world.ended(experiment);
}, 600_000);
afterAll(async () => {
  vi.unstubAllEnvs();
  await world.close();
  rmSync(folder, { recursive: true, force: true });
}, 120_000);

async function leave(...words: readonly string[]): Promise<void> {
  vi.spyOn(console, 'log').mockImplementation(() => {});
  vi.spyOn(console, 'error').mockImplementation(() => {});
  await parseCommand(command, [experiment, '--edge', world.url, ...words]);
}

/** Files of a zip that is stored, by its central directory. */
function unzip(zip: Uint8Array): Map<string, Uint8Array> {
  const view = new DataView(zip.buffer, zip.byteOffset);
  const files = new Map<string, Uint8Array>();
  let place = view.getUint32(zip.length - 6, true);
  while (view.getUint32(place, true) === 0x02_01_4b_50) {
    const size = view.getUint32(place + 24, true);
    const nameLength = view.getUint16(place + 28, true);
    const extraLength = view.getUint16(place + 30, true);
    const local = view.getUint32(place + 42, true);
    const name = Buffer.from(zip.subarray(place + 46, place + 46 + nameLength)).toString();
    const start = local + 30 + nameLength + view.getUint16(local + 28, true);
    files.set(name, zip.subarray(start, start + size));
    place += 46 + nameLength + extraLength + view.getUint16(place + 32, true);
  }
  return files;
}

describe('rlcd export', { timeout: 600_000 }, () => {
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
