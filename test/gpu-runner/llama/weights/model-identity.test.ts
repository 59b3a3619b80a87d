/** What names a model: everything that changes an answer changes it, nothing else does; and it is true of the bytes. */
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { type ImportedModel, importModel } from '../../../../gpu-runner/llama/weights/import-model.ts';
import { temporaryFolder, writeHuggingFaceFolder } from './made-up-checkpoint.ts';

type Json = Record<string, unknown>;

function edit(folder: string, name: string, change: (json: Json) => void): void {
  const file = path.join(folder, name);
  const json = JSON.parse(readFileSync(file, 'utf8')) as Json;
  change(json);
  writeFileSync(file, JSON.stringify(json));
}

/** The cure is tried below. */
const OTHER_BYTES =
  /base\.bin: has SHA-256 [0-9a-f]{64}, its description says [0-9a-f]{64}\. Delete the folder and import/;

function zero(file: string): void {
  writeFileSync(file, Buffer.alloc(readFileSync(file).length));
}

const cacheDirectory = temporaryFolder();
let plain: ImportedModel;

beforeAll(async () => {
  plain = await importModel(writeHuggingFaceFolder(), { cacheDirectory });
});

describe('equal weights', () => {
  test.each<[string, Json]>([
    ['rope theta', { rope_theta: 5000 }],
    ['rope scaling', { rope_scaling: { rope_type: 'linear', factor: 8 } }],
    ['epsilon', { rms_norm_eps: 1e-6 }],
    ['ends', { eos_token_id: 5 }],
    ['begin', { bos_token_id: 5 }],
    ['positions', { max_position_embeddings: 32 }],
  ])('another %s is another model', async (_name, config) => {
    const other = await importModel(writeHuggingFaceFolder({ config }), { cacheDirectory });
    expect(other.base.sha256).toBe(plain.base.sha256);
    expect(other.base.identity).not.toBe(plain.base.identity);
  });

  test.each<[string, (folder: string) => void]>([
    ['a tokenizer', (folder) => edit(folder, 'tokenizer.json', (json) => (json['version'] = '1.1'))],
    [
      'an end that the tokenizer names',
      (folder) => edit(folder, 'tokenizer_config.json', (json) => (json['eos_token'] = 'a')),
    ],
    ['a chat template', (folder) => writeFileSync(path.join(folder, 'chat_template.jinja'), '{{ 1 }}')],
    [
      'ends of generation',
      (folder) => writeFileSync(path.join(folder, 'generation_config.json'), '{"eos_token_id": 7}'),
    ],
  ])('%s makes another model', async (_name, change) => {
    const folder = writeHuggingFaceFolder();
    change(folder);
    const other = await importModel(folder, { cacheDirectory });
    expect(other.base.sha256).toBe(plain.base.sha256);
    expect(other.base.identity).not.toBe(plain.base.identity);
  });

  test.each<[string, (folder: string) => void]>([
    ['its place', () => {}],
    [
      'a temperature',
      (folder) => writeFileSync(path.join(folder, 'generation_config.json'), '{"temperature": 0.1}'),
    ],
    [
      'the form of the same token',
      (folder) => edit(folder, 'tokenizer_config.json', (json) => (json['eos_token'] = { content: '</s>' })),
    ],
    [
      'what is said of it',
      (folder) => edit(folder, 'config.json', (json) => (json['transformers_version'] = '9')),
    ],
  ])('%s changes nothing', async (_name, change) => {
    const folder = writeHuggingFaceFolder();
    change(folder);
    expect((await importModel(folder, { cacheDirectory })).base.identity).toBe(plain.base.identity);
  });

  test('the form in shards and bf16 of the same numbers is the same model; fp32 is not 8-bit', async () => {
    const shards = await importModel(writeHuggingFaceFolder({ shards: 2, dtype: 'BF16' }), {
      cacheDirectory,
    });
    expect(shards.base.identity).toBe(plain.base.identity);
    const full = await importModel(writeHuggingFaceFolder(), { cacheDirectory, precision: 'fp32' });
    expect(full.base.identity).not.toBe(plain.base.identity);
  });
});

test('zeroed weights under the stated hash are refused when they are opened, also after a first opening', async () => {
  const folder = path.join(temporaryFolder(), 'base');
  cpSync(plain.base.folder, folder, { recursive: true });
  expect((await importModel(folder, { cacheDirectory })).base.identity).toBe(plain.base.identity);
  zero(path.join(folder, 'base.bin'));
  await expect(importModel(folder, { cacheDirectory })).rejects.toThrow(OTHER_BYTES);
});

test('a conversion in the cache that is damaged is refused when its source is opened again', async () => {
  const [source, own] = [writeHuggingFaceFolder(), { cacheDirectory: temporaryFolder() }];
  const { base } = await importModel(source, own);
  zero(base.binaryPath);
  await expect(importModel(source, own)).rejects.toThrow(OTHER_BYTES);
  rmSync(base.folder, { recursive: true });
  expect((await importModel(source, own)).base.identity).toBe(plain.base.identity);
});
