/** GGUF models opened: weights number by number, the record of each family, split files, refusals by name. */
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it, test } from 'vitest';
import { importModel } from '../../../../../gpu-runner/llama/weights/import-model.ts';
import { openGguf } from '../../../../../gpu-runner/llama/weights/gguf/open-gguf.ts';
import { convertOpened } from '../convert-opened.ts';
import { expectBase } from '../expected-base.ts';
import { madeUpArchitecture, temporaryFolder } from '../made-up-checkpoint.ts';
import { sharedModel } from '../shared-models.ts';
import {
  type GgufContent,
  ggufBytes,
  llamaContent,
  llamaTensors,
  madeUpRows,
  tensorOf,
  type Value,
  writeGguf,
} from './made-up-gguf.ts';

const shapes = new Map(
  llamaTensors(madeUpArchitecture).map(([name, , rows, columns]) => [name, [rows, columns]]),
);
const checkpoint = (name: string): number[][] => {
  const [rows = 0, columns = 0] = shapes.get(name) ?? [];
  return madeUpRows(name, rows, columns);
};

function withMetadata(changes: Readonly<Record<string, Value | undefined>>): GgufContent {
  const content = llamaContent();
  const entries = Object.entries({ ...content.metadata, ...changes });
  const metadata = Object.fromEntries(
    entries.flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  );
  return { ...content, metadata };
}

async function refusal(content: GgufContent): Promise<string> {
  try {
    const model = await openGguf(writeGguf(content));
    await model.close();
  } catch (error) {
    return String(error);
  }
  throw new Error('was opened');
}

describe('a LLaMA', () => {
  it.each(['fp32', 'int8'] as const)(
    'has the weights of the Hugging Face checkpoint, in %s',
    async (precision) => {
      const model = await openGguf(writeGguf(llamaContent()));
      expect(model.source.architecture).toEqual(madeUpArchitecture);
      await expectBase(await convertOpened(model, precision), checkpoint);
    },
  );

  it('reads rows of query from anywhere', async () => {
    const model = await openGguf(writeGguf(llamaContent()));
    const whole = checkpoint('model.layers.1.self_attn.q_proj').flat();
    const { columns, rows, read } = model.source.layers[1]?.query ?? { columns: 0, rows: 0, read: null };
    for (const [first, count] of [
      [0, rows],
      [3, 6],
      [5, 1],
      [rows - 1, 1],
    ] as const) {
      expect(Array.from((await read?.(first, count)) ?? [])).toEqual(
        whole.slice(first * columns, (first + count) * columns),
      );
    }
    await model.close();
  });

  it('is tied where it has no output, and version 2 is read as version 3', async () => {
    const content = llamaContent();
    const tensors = content.tensors.filter(({ name }) => name !== 'output.weight');
    const model = await openGguf(writeGguf({ ...content, version: 2, tensors }));
    expect(model.source.architecture.tiedEmbedding).toBe(true);
    expect(model.source.output).toBeNull();
    await model.close();
  });

  it('ends at the end of a turn as well', async () => {
    const model = await openGguf(writeGguf(withMetadata({ 'tokenizer.ggml.eot_token_id': { u32: 5 } })));
    expect(model.source.architecture.eosTokens).toEqual([2, 5]);
    await model.close();
  });

  it('scales its rope as the metadata or the factors say', async () => {
    const scalingOf = async (content: GgufContent): Promise<unknown> => {
      const model = await openGguf(writeGguf(content));
      await model.close();
      return model.source.architecture.rope.scaling;
    };
    const linear = { 'llama.rope.scaling.type': { text: 'linear' }, 'llama.rope.scaling.factor': { f32: 4 } };
    expect(await scalingOf(withMetadata(linear))).toEqual({ kind: 'linear', factor: 4 });
    const factors = [1, 1.5];
    const content = llamaContent();
    const odd = { ...content, tensors: [...content.tensors, tensorOf('rope_freqs.weight', [factors])] };
    expect(await scalingOf(odd)).toEqual({ kind: 'longrope', factors, attentionFactor: 1 });
    const llama3 = { ...content, tensors: [...content.tensors, tensorOf('rope_freqs.weight', [[1, 3.3]])] };
    expect(await scalingOf(llama3)).toMatchObject({ kind: 'longrope' });
  });
});

describe('what cannot be right is refused by name', () => {
  it.each([
    [
      'another architecture',
      { 'general.architecture': { text: 'mamba' } },
      /general\.architecture: is "mamba"; read are llama, /,
    ],
    ['a field that is missing', { 'llama.block_count': undefined }, /llama\.block_count: is missing/],
    [
      'a field of another kind',
      { 'llama.block_count': { text: 'two' } },
      /llama\.block_count: is not a number/,
    ],
    [
      'a mixture of experts',
      { 'llama.expert_count': { u32: 8 } },
      /llama\.expert_count: says that the layers are mixtures/,
    ],
    [
      'layers that differ',
      { 'llama.attention.head_count_kv': { i32s: [2, 1] } },
      /head_count_kv: differs from layer to layer/,
    ],
    ['an unknown scaling', { 'llama.rope.scaling.type': { text: 'su' } }, /rope\.scaling\.type: is "su"/],
    [
      'an end that is no token',
      { 'tokenizer.ggml.eos_token_id': { u32: 9999 } },
      /eos_token_id: is 9999, outside the 264 tokens/,
    ],
    [
      'scores of another vocabulary',
      { 'tokenizer.ggml.scores': { f32s: [1] } },
      /scores: has 1 entries for 264 tokens/,
    ],
    [
      'an odd alignment',
      { 'general.alignment': { u32: 24 } },
      /general\.alignment: is 24, not a power of two/,
    ],
  ] satisfies [string, Record<string, Value | undefined>, RegExp][])('%s', async (_, changes, message) => {
    expect(await refusal(withMetadata(changes))).toMatch(message);
  });

  it('another tokenizer, when it is written', async () => {
    const model = await openGguf(writeGguf(withMetadata({ 'tokenizer.ggml.model': { text: 'bert' } })));
    expect(() => model.companions()).toThrow(
      /tokenizer\.ggml\.model: is "bert"; gpt2 \(byte-level BPE\) and llama/,
    );
    await model.close();
  });

  it("a tensor that is missing, of another shape, of a type that is not read, or not the family's", async () => {
    const content = llamaContent();
    const norm = content.tensors.findIndex(({ name }) => name === 'blk.1.ffn_norm.weight');
    const changed = (change: object): GgufContent => ({
      ...content,
      tensors: content.tensors.map((tensor, index) => (index === norm ? { ...tensor, ...change } : tensor)),
    });
    expect(await refusal({ ...content, tensors: content.tensors.toSpliced(norm, 1) })).toMatch(
      /blk\.1\.ffn_norm\.weight: is missing/,
    );
    expect(await refusal(changed({ dimensions: [12, 2] }))).toMatch(
      /has dimensions \[12, 2\], the metadata asks for \[24\]/,
    );
    expect(await refusal(changed({ type: 24 }))).toMatch(
      /is stored as I8; F32, F16, Q4_0.* are read\. Fetch the Q8_0/,
    );
    expect(await refusal(changed({ type: 31 }))).toMatch(/has tensor type 31/);
    const sinks = tensorOf('blk.0.attn_sinks.weight', [[1]]);
    expect(await refusal({ ...content, tensors: [...content.tensors, sinks] })).toMatch(
      /blk\.0\.attn_sinks\.weight: is a tensor that llama does not have/,
    );
  });

  it('a version that is not read, and a big-endian file', async () => {
    expect(await refusal({ ...llamaContent(), version: 1 })).toMatch(
      /version: is 1; versions 2 and 3 are read/,
    );
    expect(await refusal({ ...llamaContent(), version: 0x0300_0000 })).toMatch(
      /version: is that of a big-endian/,
    );
  });

  it('weights that are not finite, when they are read', async () => {
    const content = llamaContent();
    const tensors = content.tensors.map((tensor) =>
      tensor.name === 'output_norm.weight'
        ? tensorOf(tensor.name, [Array.from({ length: 24 }, () => NaN)])
        : tensor,
    );
    await expect(convertOpened(await openGguf(writeGguf({ ...content, tensors })), 'fp32')).rejects.toThrow(
      /output_norm\.weight: holds NaN at element 0/,
    );
  });
});

describe('split files', () => {
  const content = llamaContent();
  const write = (changes: Readonly<Record<string, Value>> = {}): string => {
    const folder = temporaryFolder();
    for (const [index, own] of [content.tensors.slice(0, 7), content.tensors.slice(7)].entries()) {
      const split = {
        'split.count': { u32: 2 },
        'split.no': { u32: index },
        'split.tensors.count': { u32: content.tensors.length },
      };
      const metadata = {
        ...(index === 0 ? content.metadata : {}),
        ...split,
        ...(index === 1 ? changes : {}),
      };
      writeFileSync(
        path.join(folder, `m-0000${index + 1}-of-00002.gguf`),
        ggufBytes({ metadata, tensors: own }),
      );
    }
    return folder;
  };

  it('are read together, whichever is named', async () => {
    const folder = write();
    for (const part of [1, 2]) {
      const model = await openGguf(path.join(folder, `m-0000${part}-of-00002.gguf`));
      await expectBase(await convertOpened(model, 'fp32'), checkpoint);
    }
    const { provenance } = await importModel(folder, { cacheDirectory: temporaryFolder() });
    expect(provenance.files.map(({ name }) => name)).toEqual([
      'm-00001-of-00002.gguf',
      'm-00002-of-00002.gguf',
    ]);
  });

  it("are refused where a part is another model's or absent", async () => {
    const folder = write({ 'split.no': { u32: 0 } });
    const first = path.join(folder, 'm-00001-of-00002.gguf');
    await expect(openGguf(first)).rejects.toThrow(
      /split\.no: says part 1 of 2, the name 2 of 2\. Fetch all parts/,
    );
    const alone = path.join(temporaryFolder(), 'm-00001-of-00002.gguf');
    writeFileSync(alone, readFileSync(first));
    await expect(openGguf(alone)).rejects.toThrow(/m-00002-of-00002\.gguf: cannot be read/);
  });
});

describe('importing', () => {
  it('takes a file, and the folder of one, with its chat template', async () => {
    const file = writeGguf(withMetadata({ 'tokenizer.chat_template': { text: '{{ messages }}' } }));
    const cacheDirectory = temporaryFolder();
    const model = await importModel(file, { cacheDirectory });
    expect(model.architecture).toEqual(madeUpArchitecture);
    expect(model.provenance).toMatchObject({ origin: 'gguf', source: 'model.gguf' });
    expect(model.tokenizer.decode(model.tokenizer.encode('ab a'))).toBe('ab a');
    expect(readFileSync(path.join(model.base.folder, 'chat_template.jinja'), 'utf8')).toBe('{{ messages }}');
    const again = await importModel(path.dirname(file), { cacheDirectory });
    expect(again.base.folder).toBe(model.base.folder);
  });

  it('follows a link that is named itself, and none inside a named folder that leads out of it', async () => {
    const file = writeGguf(llamaContent());
    const folder = temporaryFolder();
    symlinkSync(file, path.join(folder, 'linked.gguf'));
    const cacheDirectory = temporaryFolder();
    const { architecture } = await importModel(path.join(folder, 'linked.gguf'), { cacheDirectory });
    expect(architecture).toEqual(madeUpArchitecture);
    await expect(importModel(folder, { cacheDirectory })).rejects.toThrow(
      /linked\.gguf: is a link that leads out of the folder/,
    );
  });

  it('names the files of a folder that holds several', async () => {
    const folder = temporaryFolder();
    for (const name of ['a.Q8_0.gguf', 'a.Q4_0.gguf'])
      writeFileSync(path.join(folder, name), ggufBytes(llamaContent()));
    await expect(importModel(folder, { cacheDirectory: temporaryFolder() })).rejects.toThrow(
      /holds 2 GGUF models: a\.Q4_0\.gguf, a\.Q8_0\.gguf\. Give the path of the one/,
    );
  });
});

test('SmolLM2-135M-Instruct opens: its record and the ids of its tokens', async (context) => {
  const folder = sharedModel('SmolLM2-135M-Instruct-GGUF', context);
  const model = await openGguf(path.join(folder, 'SmolLM2-135M-Instruct.Q4_1.gguf'));
  expect(model.source.architecture).toMatchObject({
    vocabularySize: 49_152,
    hiddenSize: 576,
    layers: 30,
    norm: { epsilon: 1e-5, placement: 'input' },
    rope: { theta: 100_000, layout: 'half', rotarySize: 64, scaling: null },
    tiedEmbedding: true,
    eosTokens: [2],
  });
  await model.close();
});
