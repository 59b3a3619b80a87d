/** Hugging Face folders in every shape, and what is said of those that cannot be imported. */
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Architecture } from '../../../../gpu-runner/llama/model/architecture.ts';
import { readHuggingFaceConfiguration } from '../../../../gpu-runner/llama/weights/huggingface-config.ts';
import { openHuggingFaceFolder } from '../../../../gpu-runner/llama/weights/huggingface-folder.ts';
import { ModelFileError } from '../../../../gpu-runner/files/model-file-error.ts';
import type { BaseFile } from '../../../../gpu-runner/llama/weights/base-file.ts';
import type { BasePrecision } from '../../../../gpu-runner/llama/weights/base-layout.ts';
import { convertOpened } from './convert-opened.ts';
import { type Checkpoint, expectBase } from './expected-base.ts';
import {
  huggingFaceShapes,
  type MadeUpFolder,
  madeUpArchitecture,
  madeUpValues,
  safetensorsBytes,
  writeHuggingFaceFolder,
} from './made-up-checkpoint.ts';

async function convert(folder: string, precision: BasePrecision): Promise<BaseFile> {
  return await convertOpened(await openHuggingFaceFolder(folder), precision);
}

/** The made-up matrices of a architecture, `alias` naming one under which another is stored. */
function checkpointOf(architecture: Architecture, alias: Readonly<Record<string, string>> = {}): Checkpoint {
  const shapes = new Map(huggingFaceShapes(architecture));
  return (name) => {
    const stored = `${alias[name] ?? name}.weight`;
    const shape = shapes.get(stored) ?? [];
    const values = madeUpValues(stored, shape);
    const columns = shape.at(-1) ?? 0;
    return Array.from({ length: values.length / columns }, (_, row) =>
      values.slice(row * columns, (row + 1) * columns),
    );
  };
}

const tied = { ...madeUpArchitecture, tiedEmbedding: true };
const shapes: [string, MadeUpFolder, Readonly<Record<string, string>>][] = [
  ['fp32, one file, grouped heads', {}, {}],
  ['fp16', { dtype: 'F16' }, {}],
  ['bf16 in three shards', { dtype: 'BF16', shards: 3 }, {}],
  ['every head its own key and value', { architecture: { ...madeUpArchitecture, keyValueHeads: 6 } }, {}],
  [
    'a head size that is not hidden size / heads',
    {
      architecture: {
        ...madeUpArchitecture,
        headSize: 10,
        rope: { ...madeUpArchitecture.rope, rotarySize: 10 },
      },
    },
    {},
  ],
  ['tied, stored as the embedding', { architecture: tied, without: ['lm_head.weight'] }, {}],
  [
    'tied, stored as lm_head alone',
    { architecture: tied, without: ['model.embed_tokens.weight'] },
    { 'model.embed_tokens': 'lm_head' },
  ],
  [
    'tied, stored under both names',
    {
      architecture: tied,
      without: ['lm_head.weight'],
      extra: [
        {
          name: 'lm_head.weight',
          shape: [264, 24],
          values: madeUpValues('model.embed_tokens.weight', [264, 24]),
        },
      ],
    },
    {},
  ],
  ['tied by its flag, with a head of its own', { config: { tie_word_embeddings: true }, shards: 2 }, {}],
  [
    'a bias of zero that config.json does not announce',
    {
      extra: [{ name: 'model.layers.0.self_attn.q_proj.bias', shape: [24], values: Array(24).fill(0) }],
    },
    {},
  ],
];

describe.each(shapes)('%s', (_name, options, alias) => {
  test.each(['int8', 'fp32'] as const)('becomes an %s base', async (precision) => {
    const base = await convert(writeHuggingFaceFolder(options), precision);
    const architecture = options.architecture ?? madeUpArchitecture;
    expect(base.architecture).toEqual(architecture);
    await expectBase(base, checkpointOf(architecture, alias));
    await base.verify();
  });
});

test('a tied 8-bit base holds the same codes for the look-up and the product', async () => {
  const base = await convert(
    writeHuggingFaceFolder({ architecture: tied, without: ['lm_head.weight'] }),
    'int8',
  );
  const rows = await base.readInt8('embedding.weight');
  const columns = await base.readInt8('output.weight');
  expect(await base.readFloat32('output.scale')).toEqual(await base.readFloat32('embedding.scale'));
  const { vocabularySize, hiddenSize } = tied;
  for (let token = 0; token < vocabularySize; token++) {
    for (let unit = 0; unit < hiddenSize; unit++) {
      expect(columns[unit * vocabularySize + token]).toBe(rows[token * hiddenSize + unit]);
    }
  }
});

test('names without "model.", as AutoModel saves a decoder', async () => {
  const folder = writeHuggingFaceFolder({ architecture: tied });
  const tensors = huggingFaceShapes(tied)
    .filter(([name]) => name !== 'lm_head.weight')
    .map(([name, shape]) => ({
      name: name.replace(/^model\./, ''),
      shape,
      values: madeUpValues(name, shape),
    }));
  writeFileSync(path.join(folder, 'model.safetensors'), safetensorsBytes(tensors, 'F32'));
  const base = await convert(folder, 'fp32');
  expect(base.architecture).toEqual(tied);
  await expectBase(base, checkpointOf(tied));
});

test('model.safetensors is the model, whatever an index beside it says', async () => {
  const folder = writeHuggingFaceFolder();
  const index = { weight_map: { 'model.norm.weight': 'model-00001-of-00002.safetensors' } };
  writeFileSync(path.join(folder, 'model.safetensors.index.json'), JSON.stringify(index));
  const base = await convert(folder, 'fp32');
  expect(base.architecture).toEqual(madeUpArchitecture);
  await expectBase(base, checkpointOf(madeUpArchitecture));
});

describe('config.json', () => {
  const llama3 = {
    factor: 8,
    low_freq_factor: 1,
    high_freq_factor: 4,
    original_max_position_embeddings: 8192,
  };
  const scaled = {
    kind: 'llama3',
    factor: 8,
    lowFrequencyFactor: 1,
    highFrequencyFactor: 4,
    originalMaximumPositions: 8192,
  };
  test.each<[string, Record<string, unknown>, object]>([
    ['no scaling', { rope_scaling: null }, { rope: { scaling: null, theta: 10_000 } }],
    ['no theta', { rope_theta: undefined }, { rope: { theta: 10_000 } }],
    [
      'old linear form',
      { rope_scaling: { type: 'linear', factor: 4 } },
      { rope: { scaling: { kind: 'linear', factor: 4 } } },
    ],
    [
      'new linear form',
      { rope_scaling: { rope_type: 'linear', factor: 2 } },
      { rope: { scaling: { kind: 'linear', factor: 2 } } },
    ],
    [
      'llama3',
      { rope_theta: 5e5, rope_scaling: { rope_type: 'llama3', ...llama3 } },
      { rope: { scaling: scaled, theta: 5e5 } },
    ],
    [
      'rope_parameters',
      {
        rope_theta: undefined,
        rope_scaling: undefined,
        rope_parameters: { rope_type: 'default', rope_theta: 1e6 },
      },
      { rope: { scaling: null, theta: 1e6 } },
    ],
    ['several end tokens', { eos_token_id: [2, 5] }, { eosTokens: [2, 5] }],
    ['no end token', { eos_token_id: null }, { eosTokens: [] }],
    ['no begin token', { bos_token_id: null }, { bosToken: null }],
    ['no pad token', { pad_token_id: null }, { padToken: 2 }],
    ['pad token -1', { pad_token_id: -1 }, { padToken: 2 }],
    ['no key-value heads', { num_key_value_heads: undefined }, { keyValueHeads: 6 }],
    ['no head size', { head_dim: undefined }, { headSize: 4 }],
  ])('%s', async (_name, config, expected) => {
    const { architecture } = await readHuggingFaceConfiguration(writeHuggingFaceFolder({ config }));
    expect(architecture).toMatchObject(expected);
  });

  test('generation_config.json adds end tokens', async () => {
    const folder = writeHuggingFaceFolder();
    writeFileSync(path.join(folder, 'generation_config.json'), '{"eos_token_id": [2, 9]}');
    expect((await readHuggingFaceConfiguration(folder)).architecture.eosTokens).toEqual([2, 9]);
    writeFileSync(path.join(folder, 'generation_config.json'), '{"eos_token_id": "x"}');
    await expect(readHuggingFaceConfiguration(folder)).rejects.toThrow(
      /generation_config.json: eos_token_id: is not/,
    );
  });

  test.each<[string, Record<string, unknown>, RegExp]>([
    [
      'another architecture',
      { model_type: 'gpt2' },
      /model_type: is "gpt2", which does not open\. These open: llama, mistral, qwen2/,
    ],
    ['no architecture', { model_type: undefined }, /model_type: /],
    ['another activation', { hidden_act: 'relu2' }, /hidden_act: is relu2; these open: silu/],
    [
      'quantised weights',
      { quantization_config: { bits: 4 } },
      /quantization_config: .*already quantised\. Use the fp32/,
    ],
    [
      'an unknown rope type',
      { rope_scaling: { rope_type: 'axial', factor: 2 } },
      /rope_scaling\.rope_type: is "axial"\. Open are default, linear/,
    ],
    ['linear without factor', { rope_scaling: { type: 'linear' } }, /rope_scaling\.factor: is not a number/],
    [
      'llama3 with frequencies in reverse',
      { rope_scaling: { rope_type: 'llama3', ...llama3, high_freq_factor: 1 } },
      /rope\.scaling: the high frequency factor/,
    ],
    ['heads that do not divide', { num_attention_heads: 5, head_dim: undefined }, /5 heads do not divide/],
    [
      'groups that do not divide',
      { num_key_value_heads: 4 },
      /keyValueHeads: 6 heads cannot be shared out over 4/,
    ],
    ['an odd head size', { head_dim: 3 }, /headSize: is 3, but rotary/],
    ['an absurd width', { hidden_size: 1e12 }, /hiddenSize|hidden_size/],
    ['absurd layers', { num_hidden_layers: 1e6 }, /layers/],
    ['no layers', { num_hidden_layers: 0 }, /layers/],
    ['text for a number', { hidden_size: '24' }, /hidden_size: /],
    ['a theta that is text', { rope_theta: '1e4' }, /rope_theta: /],
  ])('refuses %s', async (_name, config, message) => {
    const failure = readHuggingFaceConfiguration(writeHuggingFaceFolder({ config }));
    await expect(failure).rejects.toThrow(ModelFileError);
    await expect(failure).rejects.toThrow(message);
    await expect(failure).rejects.toThrow(/config\.json: /);
  });
});

describe('weights that do not fit', () => {
  const bias = (value: number): MadeUpFolder => ({
    extra: [{ name: 'model.layers.1.mlp.up_proj.bias', shape: [40], values: Array(40).fill(value) }],
  });
  test.each<[string, MadeUpFolder, RegExp]>([
    [
      'a missing matrix',
      { without: ['model.layers.1.mlp.up_proj.weight'] },
      /layers\.1\.mlp\.up_proj\.weight: is missing/,
    ],
    [
      'no output though untied',
      { without: ['lm_head.weight'] },
      /lm_head\.weight: is missing though config\.json/,
    ],
    [
      'no embedding though untied',
      { without: ['model.embed_tokens.weight'] },
      /model\.embed_tokens\.weight: is missing/,
    ],
    [
      'neither of the tied names',
      { architecture: tied, without: ['lm_head.weight', 'model.embed_tokens.weight'] },
      /model\.embed_tokens\.weight: is missing/,
    ],
    [
      'another vocabulary',
      { config: { vocab_size: 300 } },
      /embed_tokens.*\[264, 24\], config\.json asks for \[300, 24\]/,
    ],
    ['fewer key-value heads', { config: { num_key_value_heads: 3 } }, /k_proj\.weight: has shape \[8, 24\]/],
    [
      'more layers',
      { config: { num_hidden_layers: 3 } },
      /model\.layers\.2\.input_layernorm\.weight: is missing/,
    ],
    [
      'a bias',
      bias(0.5),
      /up_proj\.bias: is a bias that is not zero, where config\.json announces none\. Put the config/,
    ],
    [
      'some of the announced biases',
      { ...bias(0.5), config: { mlp_bias: true } },
      /mlp\.gate_proj\.bias: is missing/,
    ],
  ])('%s', async (_name, options, message) => {
    const failure = openHuggingFaceFolder(writeHuggingFaceFolder(options));
    await expect(failure).rejects.toThrow(ModelFileError);
    await expect(failure).rejects.toThrow(message);
  });

  test('NaN is found while converting, with file, tensor and place', async () => {
    const folder = writeHuggingFaceFolder();
    const tensors = huggingFaceShapes(madeUpArchitecture).map(([name, shape]) => {
      const values = madeUpValues(name, shape);
      if (name === 'model.layers.1.mlp.down_proj.weight') values[77] = NaN;
      return { name, shape, values };
    });
    writeFileSync(path.join(folder, 'model.safetensors'), safetensorsBytes(tensors, 'F32'));
    await expect(convert(folder, 'int8')).rejects.toThrow(
      /model\.safetensors: model\.layers\.1\.mlp\.down_proj\.weight: holds NaN at element 77/,
    );
  });

  test('a missing shard, a tensor in two shards, an index that points elsewhere', async () => {
    const folder = writeHuggingFaceFolder({ shards: 2 });
    const index = path.join(folder, 'model.safetensors.index.json');
    writeFileSync(index, '{"weight_map": {"a": "../../secret.safetensors"}}');
    await expect(openHuggingFaceFolder(folder)).rejects.toThrow(
      /weight_map\.a: names ".*", not a safetensors file/,
    );
    writeFileSync(index, '{"weight_map": 3}');
    await expect(openHuggingFaceFolder(folder)).rejects.toThrow(/weight_map: is not an object/);
    writeFileSync(index, '{"weight_map": {"a": "absent.safetensors"}}');
    await expect(openHuggingFaceFolder(folder)).rejects.toThrow(/absent\.safetensors: cannot be read/);
    const twice = writeHuggingFaceFolder({ shards: 2 });
    const shard = safetensorsBytes([{ name: 'lm_head.weight', shape: [1], values: [1] }], 'F32');
    writeFileSync(path.join(twice, 'model-00002-of-00002.safetensors'), shard);
    await expect(openHuggingFaceFolder(twice)).rejects.toThrow(/lm_head\.weight: stands in two shards/);
  });

  test('a folder without safetensors says what it found', async () => {
    const folder = writeHuggingFaceFolder();
    rmSync(path.join(folder, 'model.safetensors'));
    await expect(openHuggingFaceFolder(folder)).rejects.toThrow(
      /model\.safetensors: is missing\. Save the model/,
    );
    writeFileSync(path.join(folder, 'pytorch_model.bin'), '');
    await expect(openHuggingFaceFolder(folder)).rejects.toThrow(
      /is missing \(pytorch_model\.bin is not read\)/,
    );
  });
});
