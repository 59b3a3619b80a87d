/** The hub, played by a server of this test: what is asked for, what is sent to whom, and every way a download goes wrong. */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ModelFileError } from '../../../../gpu-runner/files/model-file-error.ts';
import { downloadModel, type DownloadProgress } from '../../../../gpu-runner/llama/weights/hub.ts';
import { importModel } from '../../../../gpu-runner/llama/weights/import-model.ts';
import { COMMIT, type Fault, type Hub, send, startHub } from './hub-server.ts';
import { temporaryFolder, writeHuggingFaceFolder } from './made-up-checkpoint.ts';

const WEIGHTS = 'model.safetensors';

let hub: Hub;
let cacheDirectory: string;

beforeEach(async () => {
  hub = await startHub();
  cacheDirectory = temporaryFolder();
  vi.stubEnv('HF_ENDPOINT', hub.endpoint);
  vi.stubEnv('HF_TOKEN', undefined);
  hub.folders.set('owner/one', writeHuggingFaceFolder());
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await hub.close();
});

const open = async (id = 'owner/one') => await importModel(id, { cacheDirectory });
const files = (): string[] => readdirSync(cacheDirectory, { recursive: true }).map(String);
const asked = (): string[] => hub.requests.map(({ url }) => path.basename(url.replace(/\?.*/, '')));
/** A fault of the first requests for a file alone. */
const first = (count: number, fault: Fault): Fault => {
  let left = count;
  return (...given) => left-- > 0 && fault(...given);
};

describe('what is fetched', () => {
  test('only what is needed, once, from the commit that the revision names; then it opens without the hub', async () => {
    const folder = hub.folders.get('owner/one') ?? '';
    writeFileSync(path.join(folder, 'README.md'), 'no');
    writeFileSync(path.join(folder, 'pytorch_model.bin'), 'no');
    writeFileSync(path.join(folder, 'chat_template.jinja'), '{{ messages }}');
    const model = await open('owner/one@v1.0');
    expect(asked()).toEqual([
      'v1.0',
      'config.json',
      'tokenizer.json',
      'tokenizer_config.json',
      'chat_template.jinja',
      WEIGHTS,
    ]);
    expect(model.provenance).toMatchObject({ source: 'owner/one@v1.0', location: 'owner/one@v1.0' });
    expect(model.base.identity).toBe((await importModel(folder, { cacheDirectory })).base.identity);
    await hub.close();
    expect((await open('owner/one@v1.0')).base.folder).toBe(model.base.folder);
    hub = await startHub();
  });

  test('weights in parts, by their index', async () => {
    hub.folders.set('owner/shards', writeHuggingFaceFolder({ shards: 2 }));
    const model = await open('owner/shards');
    expect(asked().filter((name) => name.includes('safetensors'))).toEqual([
      'model.safetensors.index.json',
      'model-00001-of-00002.safetensors',
      'model-00002-of-00002.safetensors',
    ]);
    expect(model.base.identity).toBe((await open()).base.identity);
  });

  test('one GGUF file, and all parts of one that is split', async () => {
    const folder = temporaryFolder();
    hub.folders.set('owner/gguf', folder);
    mkdirSync(path.join(folder, 'q8'));
    for (const name of ['m-Q4_1.gguf', 'm-Q8_0.gguf', 'q8/m-00001-of-00002.gguf', 'q8/m-00002-of-00002.gguf'])
      writeFileSync(path.join(folder, name), name);
    const file = await downloadModel('owner/gguf:m-Q4_1.gguf', cacheDirectory);
    expect(path.basename(file)).toBe('m-Q4_1.gguf');
    expect(asked()).toEqual(['main', 'm-Q4_1.gguf']);
    const split = await downloadModel('owner/gguf@v2:q8/m-00001-of-00002.gguf', cacheDirectory);
    expect(
      readdirSync(path.dirname(split))
        .filter((name) => !name.includes('json'))
        .sort(),
    ).toEqual(['m-00001-of-00002.gguf', 'm-00002-of-00002.gguf']);
    await expect(open('owner/gguf')).rejects.toThrow(
      /holds GGUF files\. Give one of them, such as owner\/gguf:m-Q4_1\.gguf/,
    );
    await expect(open('owner/gguf:none.gguf')).rejects.toThrow(
      /none\.gguf: is not on the hub\. There are m-Q4_1\.gguf/,
    );
  });

  test('the size is told before the first weight, and how far it is with an end by the clock', async () => {
    const seen: DownloadProgress[] = [];
    await downloadModel('owner/one', cacheDirectory, (progress) => seen.push(progress));
    const last = seen.at(-1);
    expect(last?.bytes).toBe(last?.ofBytes);
    expect(seen.map(({ bytes }) => bytes)).toEqual(seen.map(({ bytes }) => bytes).toSorted((a, b) => a - b));
    expect(new Set(seen.map(({ ofBytes }) => ofBytes)).size).toBe(1);
    expect(last?.endsAt).toBeInstanceOf(Date);
    vi.stubEnv('RLCD_DOWNLOAD_LIMIT_GB', '0.00001');
    hub.requests.length = 0;
    cacheDirectory = temporaryFolder();
    await expect(open()).rejects.toThrow(
      /^owner\/one: has 0\.000\d+ GB to fetch, the limit is 0\.0000100 GB\. Set RLCD_DOWNLOAD_LIMIT_GB to more/,
    );
    expect(asked()).not.toContain(WEIGHTS);
  });
});

describe('what is bounded', () => {
  const INDEX = 'model.safetensors.index.json';

  test('the index of weights in parts, which is read before the size is known: by the limit', async () => {
    hub.folders.set('owner/shards', writeHuggingFaceFolder({ shards: 2 }));
    vi.stubEnv('RLCD_DOWNLOAD_LIMIT_GB', '0.000001');
    await expect(open('owner/shards')).rejects.toThrow(
      /^owner\/shards\/model\.safetensors\.index\.json: has .* to fetch, the limit is 0\.00000100 GB/,
    );
    expect(asked()).toEqual(['main']);
  });

  test.each([INDEX, 'config.json', 'tokenizer.json', 'tokenizer_config.json'])(
    '%s by what a description may have, whatever a model may',
    async (large) => {
      hub.folders.set('owner/shards', writeHuggingFaceFolder({ shards: 2 }));
      hub.faults.set('listing', (_request, response) => {
        const names = [INDEX, 'config.json', 'tokenizer.json', 'tokenizer_config.json'];
        const siblings = names.map((rfilename) => ({
          rfilename,
          size: rfilename === large ? 2e9 : index.length,
        }));
        response.writeHead(200).end(JSON.stringify({ sha: COMMIT, siblings }));
        return true;
      });
      const index = JSON.stringify({ weight_map: {} });
      for (const name of [INDEX, 'config.json', 'tokenizer.json']) {
        hub.faults.set(name, (request, response) => {
          send(request, response, Buffer.from(index));
          return true;
        });
      }
      await expect(open('owner/shards')).rejects.toThrow(ModelFileError);
      expect(asked()).not.toContain(large);
    },
  );

  test('a file that has no end, and does not say so, is left where the hub said it ends', async () => {
    hub.folders.set('owner/shards', writeHuggingFaceFolder({ shards: 2 }));
    let sent = 0;
    let closed: Promise<unknown> = Promise.resolve();
    hub.faults.set(INDEX, (_request, response) => {
      closed = new Promise((resolve) => response.once('close', resolve));
      response.writeHead(200);
      const more = (): void => {
        if (response.destroyed) return;
        sent += 65_536;
        response.write(Buffer.alloc(65_536), () => setImmediate(more));
      };
      more();
      return true;
    });
    await expect(open('owner/shards')).rejects.toThrow(/more than the \d+ bytes arrived that the hub states/);
    await closed;
    expect(sent).toBeLessThan(64e6);
    expect(files().filter((name) => name.includes(INDEX))).toEqual([]);
  });

  test('all that is kept of models: what was used longest ago makes room, and comes again when it is asked for', async () => {
    hub.folders.set('owner/two', writeHuggingFaceFolder({ config: { rope_theta: 77 } }));
    const one = await open();
    const sizes = ['hub-owner--one@main', `bases-${path.basename(one.base.folder)}`].map((name) =>
      Number(readFileSync(path.join(cacheDirectory, 'in-use', `${name}.bytes`), 'utf8')),
    );
    // One model fits, with what it was made from.
    vi.stubEnv('RLCD_CACHE_LIMIT_GB', String(sizes.reduce((sum, size) => sum + size, 1000) / 1e9));
    expect(existsSync(path.join(cacheDirectory, 'hub', 'owner--one@main'))).toBe(true);
    await expect(open('owner/two')).rejects.toMatchObject({ code: 'cache-full' });
    one.release();
    const two = await open('owner/two');
    expect(existsSync(one.base.folder)).toBe(false);
    expect(existsSync(path.join(cacheDirectory, 'hub', 'owner--one@main'))).toBe(false);
    two.release();
    expect((await open()).base.identity).toBe(one.base.identity);
  });
});

describe('a download that goes wrong', () => {
  const half: Fault = (_request, response, bytes) => {
    response.writeHead(200, { 'content-length': bytes.length });
    response.write(bytes.subarray(0, bytes.length / 2), () => setTimeout(() => response.destroy(), 50));
    return true;
  };
  const status =
    (code: number, headers: Record<string, string> = {}): Fault =>
    (_request, response) => {
      response.writeHead(code, headers).end();
      return true;
    };

  test('cut in the middle: it goes on by itself where it stopped', async () => {
    hub.faults.set(WEIGHTS, first(1, half));
    await open();
    const ranges = hub.requests.filter(({ url }) => url.endsWith(WEIGHTS)).map(({ range }) => range);
    expect(ranges).toEqual(['', expect.stringMatching(/^bytes=[1-9]\d*-$/)]);
    expect(files().filter((name) => name.includes('partial'))).toEqual([]);
  });

  test('cut again and again: what has arrived is kept for the next time', async () => {
    hub.faults.set(WEIGHTS, (request, response, bytes) => {
      if (request.headers.range === undefined) return half(request, response, bytes);
      response.destroy();
      return true;
    });
    await expect(open()).rejects.toThrow(/model\.safetensors: .*Try again|cannot be reached/);
    expect(files().filter((name) => /model\.safetensors\.[0-9a-f]+\.partial$/.test(name))).toHaveLength(1);
    expect(files().filter((name) => name.endsWith(WEIGHTS))).toEqual([]);
    hub.faults.clear();
    hub.requests.length = 0;
    await open();
    expect(hub.requests.find(({ url }) => url.endsWith(WEIGHTS))?.range).toMatch(/^bytes=[1-9]/);
  });

  test('the rest of another file: a part is gone on with only where the content is the same', async () => {
    hub.faults.set(WEIGHTS, (request, response, bytes) => {
      if (request.headers.range === undefined) return half(request, response, bytes);
      response.destroy();
      return true;
    });
    await expect(open()).rejects.toThrow(ModelFileError);
    hub.faults.clear();
    const folder = writeHuggingFaceFolder({ config: { rope_theta: 77 }, dtype: 'BF16' });
    hub.folders.set('owner/one', folder);
    hub.requests.length = 0;
    await open();
    expect(hub.requests.find(({ url }) => url.endsWith(WEIGHTS))?.range).toBe('');
  });

  test.each<[string, string, Fault, RegExp]>([
    [
      'wrong weights',
      WEIGHTS,
      (request, response, bytes) => {
        bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
        send(request, response, bytes);
        return true;
      },
      /arrived with SHA-256 [0-9a-f]{64}, the hub states [0-9a-f]{64}\. Try again; the file was dropped/,
    ],
    [
      'a wrong small file',
      'tokenizer.json',
      (request, response, bytes) => {
        bytes[5] = 0x20;
        send(request, response, bytes);
        return true;
      },
      /tokenizer\.json: arrived with git's hash [0-9a-f]{40}, the hub states/,
    ],
    [
      'too much',
      WEIGHTS,
      (request, response, bytes) => {
        send(request, response, Buffer.concat([bytes, bytes]));
        return true;
      },
      /more than the \d+ bytes arrived that the hub states/,
    ],
    [
      'too little, said to be all',
      WEIGHTS,
      (request, response, bytes) => {
        if (request.headers.range === undefined) send(request, response, bytes.subarray(0, 100));
        else response.writeHead(206, { 'content-range': 'bytes 100-100/100' }).end();
        return true;
      },
      /100 of \d+ bytes arrived/,
    ],
  ])('%s', async (_name, name, fault, message) => {
    hub.faults.set(name, fault);
    await expect(open()).rejects.toThrow(message);
    expect(files().filter((file) => path.basename(file) === name)).toEqual([]);
  });

  test('a server with too much to do is asked again when it says', async () => {
    hub.faults.set('listing', first(1, status(429, { 'retry-after': '0.05' })));
    hub.faults.set(WEIGHTS, first(2, status(503, { 'retry-after': '0.05' })));
    await open();
    expect(asked().filter((name) => name === WEIGHTS)).toHaveLength(3);
  });

  test.each<[number, Record<string, string>, string | undefined, RegExp]>([
    [404, {}, undefined, /^owner\/one: 127\.0\.0\.1:\d+ answered 404\. Check the id and the revision/],
    [
      401,
      {},
      undefined,
      /answered 401\. Check the id; for a private or gated model accept its licence on its page and set HF_TOKEN/,
    ],
    [
      403,
      { 'x-error-code': 'GatedRepo' },
      'hf_secret',
      /answered 403 \(the model is gated\)\. Accept the model's licence on its page/,
    ],
  ])('%i %j', async (code, headers, token, message) => {
    vi.stubEnv('HF_TOKEN', token);
    hub.faults.set('listing', status(code, headers));
    const failure = open();
    await expect(failure).rejects.toThrow(ModelFileError);
    await expect(failure).rejects.toThrow(message);
    await expect(failure).rejects.not.toThrow(/hf_secret/);
  });

  test('no network', async () => {
    vi.stubEnv('HF_ENDPOINT', 'http://127.0.0.1:1');
    await expect(open()).rejects.toThrow(
      /127\.0\.0\.1:1 cannot be reached\. Connect to the network, set HF_ENDPOINT/,
    );
  });

  test('a model without safetensors, tokenizer or configuration says which', async () => {
    const folder = hub.folders.get('owner/one') ?? '';
    rmSync(path.join(folder, 'tokenizer.json'));
    await expect(open()).rejects.toThrow(
      /owner\/one\/tokenizer\.json: is not on the hub\. Convert its tokenizer/,
    );
    renameSync(path.join(folder, WEIGHTS), path.join(folder, 'pytorch_model.bin'));
    await expect(open()).rejects.toThrow(
      /model\.safetensors: is not on the hub \(pytorch_model\.bin is not read\)/,
    );
  });
});

describe('the token', () => {
  test('goes to the endpoint, and not along to where it redirects', async () => {
    const store = await startHub();
    store.folders.set('owner/one', hub.folders.get('owner/one') ?? '');
    vi.stubEnv('HF_TOKEN', 'hf_secret');
    hub.faults.set(WEIGHTS, (_request, response) => {
      response.writeHead(302, { location: `${store.endpoint}/owner/one/resolve/${COMMIT}/${WEIGHTS}` }).end();
      return true;
    });
    await open();
    expect(hub.requests.every(({ authorization }) => authorization === 'Bearer hf_secret')).toBe(true);
    expect(store.requests.map(({ authorization }) => authorization)).toEqual(['']);
    await store.close();
  });

  test('one that cannot be sent is refused without being shown', async () => {
    vi.stubEnv('HF_TOKEN', 'hf_\nsecret');
    const failure = open();
    await expect(failure).rejects.toThrow(/HF_TOKEN needs a key/);
    await expect(failure).rejects.not.toThrow(/secret/);
    expect(hub.requests).toEqual([]);
  });

  test('redirects end', async () => {
    hub.faults.set('listing', (request, response) => {
      response.writeHead(307, { location: request.url }).end();
      return true;
    });
    await expect(open()).rejects.toThrow(/redirects more than 10 times/);
  });

  test('an endpoint with a password is refused', async () => {
    vi.stubEnv('HF_ENDPOINT', 'https://me:word@mirror.example');
    await expect(open()).rejects.toThrow(/HF_ENDPOINT needs an address without a name or password/);
  });
});
