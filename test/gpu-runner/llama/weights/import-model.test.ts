/** Models in every form they come in, converted once. */
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { importModel } from '../../../../gpu-runner/llama/weights/import-model.ts';
import {
  madeUpArchitecture,
  temporaryFolder,
  writeHuggingFaceFolder,
  writeMadeUpTokenizer,
} from './made-up-checkpoint.ts';
import { writeRandomBase } from '../../../fixtures/random-base.ts';
import { sharedModel } from './shared-models.ts';

test('a Hugging Face folder is converted once per content and precision', async () => {
  const folder = writeHuggingFaceFolder();
  const cacheDirectory = temporaryFolder();
  const model = await importModel(folder, { cacheDirectory });
  expect(model.architecture).toEqual(madeUpArchitecture);
  expect(model.provenance).toMatchObject({ origin: 'huggingface', source: path.basename(folder) });
  expect(model.provenance.files.map(({ name }) => name)).toEqual([
    'config.json',
    'tokenizer.json',
    'tokenizer_config.json',
    'model.safetensors',
  ]);
  expect(model.tokenizer.decode(model.tokenizer.encode('ab a'))).toBe('ab a');
  await model.base.verify();
  const written = statSync(model.base.binaryPath).mtimeMs;
  const copy = temporaryFolder();
  cpSync(folder, copy, { recursive: true });
  const again = await importModel(copy, { cacheDirectory });
  expect(again.base.folder).toBe(model.base.folder);
  expect(statSync(again.base.binaryPath).mtimeMs).toBe(written);
  expect((await importModel(folder, { cacheDirectory, precision: 'fp32' })).base.precision).toBe('fp32');
  const other = writeHuggingFaceFolder({ config: { rope_theta: 5000 } });
  expect((await importModel(other, { cacheDirectory })).base.folder).not.toBe(model.base.folder);
  expect(readdirSync(path.join(cacheDirectory, 'bases'))).toHaveLength(3);
});

test('a converted base opens as it is; one in fp32 becomes 8-bit with the same numbers', async () => {
  const cacheDirectory = temporaryFolder();
  const folder = path.join(temporaryFolder(), 'trained');
  await writeRandomBase(folder, madeUpArchitecture, 'fp32', 4);
  writeMadeUpTokenizer(folder);
  const own = await importModel(folder, { cacheDirectory, precision: 'fp32' });
  expect(own.base.folder).toBe(folder);
  const quantised = await importModel(folder, { cacheDirectory });
  const direct = await writeRandomBase(path.join(temporaryFolder(), 'b'), madeUpArchitecture, 'int8', 4);
  expect(quantised.base.sha256).toBe(direct.sha256);
  await expect(importModel(quantised.base.folder, { cacheDirectory, precision: 'fp32' })).rejects.toThrow(
    /precision: is int8, asked for is fp32\. Open it as int8/,
  );
});

test('a model without its tokenizer, and with that of another', async () => {
  const cacheDirectory = temporaryFolder();
  const folder = writeHuggingFaceFolder();
  writeFileSync(path.join(folder, 'tokenizer.json'), '{"model": {"vocab": {"a": 0}}, "added_tokens": []}');
  await expect(importModel(folder, { cacheDirectory })).rejects.toThrow(
    /tokenizer\.json: model\.type: has no type/,
  );
  expect(existsSync(path.join(cacheDirectory, 'bases'))).toBe(false);
  const bare = path.join(temporaryFolder(), 'bare');
  await writeRandomBase(bare, madeUpArchitecture, 'int8', 1);
  await expect(importModel(bare, { cacheDirectory })).rejects.toThrow(/tokenizer\.json: is missing/);
});

test.each([undefined, null])(
  'eos_token_id %s: the ends are those of the tokenizer, in the record too',
  async (value) => {
    const folder = writeHuggingFaceFolder({ config: { eos_token_id: value, bos_token_id: value } });
    const model = await importModel(folder, { cacheDirectory: temporaryFolder() });
    // The sampler stops at the record's ends.
    expect(model.architecture).toMatchObject({ bosToken: 1, eosTokens: [2] });
    expect(model.tokenizer.eosTokens).toEqual([2]);
  },
);

test('special tokens without a row in the embedding are passed over, as transformers passes over them', async () => {
  const beyond = madeUpArchitecture.vocabularySize;
  const config = { pad_token_id: beyond, eos_token_id: [2, beyond] };
  const model = await importModel(writeHuggingFaceFolder({ config }), { cacheDirectory: temporaryFolder() });
  expect(model.architecture).toMatchObject({ eosTokens: [2], padToken: 2 });
});

test('a base keeps chat template and generation settings beside its tokenizer', async () => {
  const cacheDirectory = temporaryFolder();
  const folder = writeHuggingFaceFolder();
  const config = JSON.parse(readFileSync(path.join(folder, 'tokenizer_config.json'), 'utf8')) as object;
  const templates = [
    { name: 'tool_use', template: 'no' },
    { name: 'default', template: '{{ messages }}' },
  ];
  for (const given of ['{{ messages }}', templates]) {
    writeFileSync(
      path.join(folder, 'tokenizer_config.json'),
      JSON.stringify({ ...config, chat_template: given }),
    );
    const { base } = await importModel(folder, { cacheDirectory });
    expect(readFileSync(path.join(base.folder, 'chat_template.jinja'), 'utf8')).toBe('{{ messages }}');
  }
  writeFileSync(path.join(folder, 'chat_template.jinja'), 'of its own');
  writeFileSync(path.join(folder, 'generation_config.json'), '{"eos_token_id": [2, 5], "top_p": 0.5}');
  const { base, architecture } = await importModel(folder, { cacheDirectory });
  expect(readFileSync(path.join(base.folder, 'chat_template.jinja'), 'utf8')).toBe('of its own');
  expect(readFileSync(path.join(base.folder, 'generation_config.json'), 'utf8')).toContain('top_p');
  expect(architecture.eosTokens).toEqual([2, 5]);
});

test('a folder without tokenizer_config.json opens, and its base has one', async () => {
  const folder = writeHuggingFaceFolder();
  rmSync(path.join(folder, 'tokenizer_config.json'));
  const { base } = await importModel(folder, { cacheDirectory: temporaryFolder() });
  expect(readFileSync(path.join(base.folder, 'tokenizer_config.json'), 'utf8')).toBe('{}');
});

test('a model says where it was opened from, wherever its conversion lies', async () => {
  const cacheDirectory = temporaryFolder();
  const folder = writeHuggingFaceFolder();
  const { base, provenance } = await importModel(folder, { cacheDirectory });
  expect(provenance.location).toBe(folder);
  const copy = temporaryFolder();
  cpSync(folder, copy, { recursive: true });
  const again = await importModel(copy, { cacheDirectory });
  expect([again.base.folder, again.provenance.location]).toEqual([base.folder, copy]);
  // A base that was moved still names what it was made of.
  const moved = temporaryFolder();
  cpSync(base.folder, moved, { recursive: true });
  expect((await importModel(moved, { cacheDirectory })).provenance.location).toBe(folder);
});

test('what is no model says so', async () => {
  const cacheDirectory = temporaryFolder();
  const folder = temporaryFolder();
  await expect(importModel(folder, { cacheDirectory })).rejects.toThrow(/model\.safetensors: is missing/);
  await expect(importModel('/no/such/thing', { cacheDirectory })).rejects.toThrow(
    /does not exist\. Check the path/,
  );
  writeFileSync(path.join(folder, 'x.bin'), 'hello');
  await expect(importModel(path.join(folder, 'x.bin'), { cacheDirectory })).rejects.toThrow(
    /header: is cut short/,
  );
});

for (const [name, vocabularySize] of [
  ['stories260K/stories260K.bin', 512],
  ['stories3M-q80/stories3M-q80.bin', 4096],
  ['TinyStories-656K', 2048],
] as const) {
  test(`${name} opens with its own tokenizer`, async (context) => {
    const model = await importModel(sharedModel(name, context), { cacheDirectory: temporaryFolder() });
    expect(model.architecture.vocabularySize).toBe(vocabularySize);
    expect(model.tokenizer.vocabularySize).toBe(vocabularySize);
    const text = 'Once upon a time, there was a little girl named Lily.';
    expect(model.tokenizer.decode(model.tokenizer.encode(text, { bos: true }))).toBe(text);
    await model.base.verify();
  });
}
