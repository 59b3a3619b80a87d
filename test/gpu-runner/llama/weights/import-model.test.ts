/** Models in every form they come in, converted once; and the hub, played by a server of this test. */
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { env } from '@huggingface/transformers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DownloadProgress } from '../../../../gpu-runner/llama/weights/hub.ts';
import { ModelFileError } from '../../../../gpu-runner/files/model-file-error.ts';
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

/**
 * A file as the hub sends it: weights with their hash on HEAD, ranges, and for some models a fault.
 *
 * @param halfArrived resolves when the client has something of the weights that break off
 */
function answer(
  request: IncomingMessage,
  response: ServerResponse,
  model: string,
  name: string,
  bytes: Buffer,
  halfArrived: Promise<void>,
): void {
  const weights = name.endsWith('.safetensors');
  if (request.method === 'HEAD') {
    const stated = createHash('sha256').update(bytes).digest('hex');
    response.writeHead(200, weights ? { 'x-linked-etag': `"${stated}"` } : {}).end();
    return;
  }
  const from = Number(/^bytes=(?<from>\d+)-$/.exec(request.headers.range ?? '')?.groups?.['from'] ?? 0);
  const rest = bytes.subarray(from);
  if (model === 'owner/altered' && weights) rest[rest.length - 1] = (rest.at(-1) ?? 0) ^ 1;
  response.writeHead(from > 0 ? 206 : 200, { 'content-length': rest.length });
  const half = rest.subarray(0, Math.floor(rest.length / 2));
  if (model === 'owner/breaks' && weights && from === 0) {
    response.write(half);
    // Ended any sooner, the connection may take along what the client has not yet read.
    void halfArrived.then(() => response.destroy());
  } else response.end(rest);
}

describe('the hub', () => {
  let server: Server;
  const host = env.remoteHost;
  const requests: string[] = [];
  const folders = new Map<string, string>();
  const halfArrived = Promise.withResolvers<void>();

  beforeAll(async () => {
    folders.set('owner/one', writeHuggingFaceFolder());
    folders.set('owner/shards', writeHuggingFaceFolder({ shards: 2 }));
    folders.set('owner/broken', writeHuggingFaceFolder());
    folders.set('owner/breaks', writeHuggingFaceFolder());
    folders.set('owner/altered', writeHuggingFaceFolder());
    server = createServer((request, response) => {
      const url = request.url ?? '';
      requests.push(url);
      const [, model = '', revision = '', name = ''] =
        /^\/(owner\/\w+)\/resolve\/(\w+)\/(.+)$/.exec(url) ?? [];
      const file = path.join(folders.get(model) ?? '', name);
      if (model === 'owner/gated') response.writeHead(401).end();
      else if (revision === '' || !folders.has(model) || !existsSync(file)) response.writeHead(404).end();
      else if (model === 'owner/broken' && name === 'model.safetensors') {
        response.writeHead(200, { 'content-length': 1000 });
        response.write('half of it', () => response.destroy());
      } else
        void readFile(file).then((bytes) =>
          answer(request, response, model, name, bytes, halfArrived.promise),
        );
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    env.remoteHost = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  });

  afterAll(async () => {
    env.remoteHost = host;
    await new Promise((resolve) => server.close(resolve));
  });

  test.each([
    ['owner/one', 'main'],
    ['owner/shards@abc123', 'abc123'],
  ])('%s is downloaded once', async (id, revision) => {
    const cacheDirectory = temporaryFolder();
    requests.length = 0;
    const model = await importModel(id, { cacheDirectory });
    expect(model.provenance.source).toBe(id);
    expect(requests.every((url) => url.includes(`/resolve/${revision}/`))).toBe(true);
    const count = requests.length;
    expect((await importModel(id, { cacheDirectory })).base.folder).toBe(model.base.folder);
    const asked = requests.slice(count).map((url) => path.basename(url));
    // What the hub does not have is asked for again, what it has is not.
    expect(
      asked.filter((name) => !['generation_config.json', 'model.safetensors.index.json'].includes(name)),
    ).toEqual([]);
    const local = await importModel(folders.get(id.replace(/@.*/, '')) ?? '', { cacheDirectory });
    expect(local.base.sha256).toBe(model.base.sha256);
  });

  test.each<[string, RegExp]>([
    ['owner/absent', /^owner\/absent\/config\.json: 127\.0\.0\.1:\d+ answered 404\. Check the id/],
    [
      'owner/gated',
      /^owner\/gated\/config\.json: .* answered 401\. Check the id; for a private or gated model set HF_TOKEN/,
    ],
    ['owner/broken', /^owner\/broken\/model\.safetensors: the download broke off\. Try again/],
  ])('%s', async (id, message) => {
    const cacheDirectory = temporaryFolder();
    const failure = importModel(id, { cacheDirectory });
    await expect(failure).rejects.toThrow(ModelFileError);
    await expect(failure).rejects.toThrow(message);
    const left = readdirSync(cacheDirectory, { recursive: true }).map(String);
    expect(left.filter((name) => /model\.safetensors(?!\.partial)/.test(name))).toEqual([]);
  });

  test('a download that broke off goes on where it stopped, and tells how far it is', async () => {
    const cacheDirectory = temporaryFolder();
    const seen: DownloadProgress[] = [];
    const open = async () =>
      await importModel('owner/breaks', {
        cacheDirectory,
        onProgress: (progress) => {
          seen.push(progress);
          if (progress.file.endsWith('model.safetensors')) halfArrived.resolve();
        },
      });
    await expect(open()).rejects.toThrow(/the download broke off\. Try again; what has arrived is kept/);
    const before = seen.findLast(({ file }) => file.endsWith('model.safetensors'));
    expect(before?.bytes).toBeGreaterThan(0);
    expect(before?.bytes).toBeLessThan(before?.ofBytes ?? 0);
    const firstTry = seen.length;
    const { base } = await open();
    const weights = seen.slice(firstTry).filter(({ file }) => file.endsWith('model.safetensors'));
    expect(weights[0]?.bytes).toBeGreaterThan(before?.bytes ?? Infinity);
    expect(weights.at(-1)?.bytes).toBe(before?.ofBytes);
    const local = await importModel(folders.get('owner/breaks') ?? '', { cacheDirectory });
    expect(base.sha256).toBe(local.base.sha256);
  });

  test('weights that are not those of the stated hash are dropped', async () => {
    const cacheDirectory = temporaryFolder();
    const failure = importModel('owner/altered', { cacheDirectory });
    await expect(failure).rejects.toThrow(
      /arrived with SHA-256 [0-9a-f]{64}, the hub states [0-9a-f]{64}\. Try again/,
    );
    const left = readdirSync(cacheDirectory, { recursive: true }).map(String);
    expect(left.filter((name) => name.includes('safetensors'))).toEqual([]);
  });

  test('no network', async () => {
    const mirror = env.remoteHost;
    env.remoteHost = 'http://127.0.0.1:1/';
    await expect(importModel('owner/one', { cacheDirectory: temporaryFolder() })).rejects.toThrow(
      /127\.0\.0\.1:1 cannot be reached\. Connect to the network, or download the folder/,
    );
    env.remoteHost = mirror;
  });
});
