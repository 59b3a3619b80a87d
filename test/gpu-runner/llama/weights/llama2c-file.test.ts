/** llama2.c files, written here number by number and as published, against their description. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { LLAMA } from '../../../../gpu-runner/llama/model/architecture.ts';
import { openLlama2cFile } from '../../../../gpu-runner/llama/weights/llama2c-file.ts';
import { ModelFileError } from '../../../../gpu-runner/files/model-file-error.ts';
import type { BaseFile } from '../../../../gpu-runner/llama/weights/base-file.ts';
import type { BasePrecision } from '../../../../gpu-runner/llama/weights/base-layout.ts';
import { convertOpened } from './convert-opened.ts';
import { type Checkpoint, expectBase } from './expected-base.ts';
import { temporaryFolder, weightAt } from './made-up-checkpoint.ts';
import { sharedModel } from './shared-models.ts';

interface Shape {
  readonly dim: number;
  readonly hidden: number;
  readonly layers: number;
  readonly heads: number;
  readonly groups: number;
  readonly vocabulary: number;
  readonly positions: number;
  readonly tied: boolean;
}

const small: Shape = {
  dim: 8,
  hidden: 12,
  layers: 2,
  heads: 4,
  groups: 2,
  vocabulary: 5,
  positions: 16,
  tied: true,
};

/** Rows of 6 under groups of 4. */
const acrossRows: Shape = { ...small, dim: 12, hidden: 6, heads: 2, groups: 1, vocabulary: 4 };

const layerNames = {
  rms_att: 'input_layernorm',
  wq: 'self_attn.q_proj',
  wk: 'self_attn.k_proj',
  wv: 'self_attn.v_proj',
  wo: 'self_attn.o_proj',
  rms_ffn: 'post_attention_layernorm',
  w1: 'mlp.gate_proj',
  w2: 'mlp.down_proj',
  w3: 'mlp.up_proj',
} as const;

type LayerName = keyof typeof layerNames;

function sizeOf(shape: Shape, name: string): [number, number] {
  const { dim, hidden, heads, groups, vocabulary } = shape;
  const keyWidth = (dim / heads) * groups;
  const sizes: Record<string, [number, number]> = {
    wq: [dim, dim],
    wk: [keyWidth, dim],
    wv: [keyWidth, dim],
    wo: [dim, dim],
    w1: [hidden, dim],
    w2: [dim, hidden],
    w3: [hidden, dim],
    embedding: [vocabulary, dim],
    output: [vocabulary, dim],
  };
  return sizes[name] ?? [1, dim];
}

function header(shape: Shape): number[] {
  const vocabulary = shape.tied ? shape.vocabulary : -shape.vocabulary;
  return [shape.dim, shape.hidden, shape.layers, shape.heads, shape.groups, vocabulary, shape.positions];
}

function values(shape: Shape, name: string, layer: number | null): number[] {
  const [rows, columns] = sizeOf(shape, name);
  return Array.from({ length: rows * columns }, (_, index) => weightAt(`${layer}.${name}`, index));
}

function int32(numbers: readonly number[]): Buffer {
  return Buffer.from(Int32Array.from(numbers).buffer);
}

function float32(numbers: readonly number[]): Buffer {
  return Buffer.from(Float32Array.from(numbers).buffer);
}

/** Version 0, in the order of SOURCE.md of stories260K. */
function legacyFile(shape: Shape): Buffer {
  const each = (name: LayerName): number[] =>
    Array.from({ length: shape.layers }, (_, layer) => values(shape, name, layer)).flat();
  const numbers = [
    values(shape, 'embedding', null),
    ...(['rms_att', 'wq', 'wk', 'wv', 'wo', 'rms_ffn', 'w1', 'w2', 'w3'] as const).map(each),
    values(shape, 'rms_final', null),
    Array.from({ length: (shape.positions * shape.dim) / shape.heads }, () => 0.5),
    shape.tied ? [] : values(shape, 'output', null),
  ];
  return Buffer.concat([int32(header(shape)), float32(numbers.flat())]);
}

const GROUP = 4;

/** Codes and scales of a quantised tensor: the test's own weights are code * scale of these. */
function codes(shape: Shape, name: string, layer: number | null): { codes: number[]; scales: number[] } {
  const raw = values(shape, name, layer);
  return {
    codes: raw.map((value) => Math.round(value * 512)),
    scales: Array.from({ length: raw.length / GROUP }, (_, group) => 2 ** -(5 + (group % 4))),
  };
}

/** Version 2, in the order of SOURCE.md of stories3M-q80. */
function quantizedFile(shape: Shape): Buffer {
  const start = Buffer.alloc(256);
  start.writeUInt32LE(0x616b3432, 0);
  start.writeInt32LE(2, 4);
  int32(header({ ...shape, tied: true })).copy(start, 8);
  start.writeUInt8(shape.tied ? 1 : 0, 36);
  start.writeInt32LE(GROUP, 37);
  const eachLayer = (name: LayerName, write: (name: string, layer: number) => Buffer): Buffer =>
    Buffer.concat(Array.from({ length: shape.layers }, (_, layer) => write(name, layer)));
  const norm = (name: string, layer: number | null): Buffer => float32(values(shape, name, layer));
  const tensor = (name: string, layer: number | null): Buffer => {
    const quantised = codes(shape, name, layer);
    return Buffer.concat([Buffer.from(Int8Array.from(quantised.codes).buffer), float32(quantised.scales)]);
  };
  return Buffer.concat([
    start,
    eachLayer('rms_att', norm),
    eachLayer('rms_ffn', norm),
    norm('rms_final', null),
    tensor('embedding', null),
    ...(['wq', 'wk', 'wv', 'wo', 'w1', 'w2', 'w3'] as const).map((name) => eachLayer(name, tensor)),
    shape.tied ? Buffer.alloc(0) : tensor('output', null),
  ]);
}

function checkpointOf(shape: Shape, quantised: boolean): Checkpoint {
  const places = new Map<string, [string, number | null]>([
    ['model.embed_tokens', ['embedding', null]],
    ['lm_head', ['output', null]],
    ['model.norm', ['rms_final', null]],
  ]);
  for (let layer = 0; layer < shape.layers; layer++) {
    for (const [own, name] of Object.entries(layerNames))
      places.set(`model.layers.${layer}.${name}`, [own, layer]);
  }
  return (original) => {
    const [name, layer] = places.get(original) ?? ['', null];
    const [rows, columns] = sizeOf(shape, name);
    const tensor = codes(shape, name, layer);
    const flat =
      quantised && !name.startsWith('rms')
        ? tensor.codes.map((code, index) => code * (tensor.scales[Math.floor(index / GROUP)] ?? NaN))
        : values(shape, name, layer);
    return Array.from({ length: rows }, (_, row) => flat.slice(row * columns, (row + 1) * columns));
  };
}

function fileOf(bytes: Uint8Array): string {
  const file = path.join(temporaryFolder(), 'model.bin');
  writeFileSync(file, bytes);
  return file;
}

async function convert(file: string, precision: BasePrecision): Promise<BaseFile> {
  return await convertOpened(await openLlama2cFile(file), precision);
}

describe.each([
  { version: 0, write: legacyFile },
  { version: 2, write: quantizedFile },
])('version $version', ({ version, write }) => {
  test.each([
    { name: 'tied', shape: small },
    { name: 'untied', shape: { ...small, tied: false } },
    { name: 'groups across rows', shape: acrossRows },
  ])('$name becomes a base', async ({ shape }) => {
    for (const precision of ['int8', 'fp32'] as const) {
      const base = await convert(fileOf(write(shape)), precision);
      expect(base.architecture).toEqual({
        vocabularySize: shape.vocabulary,
        hiddenSize: shape.dim,
        intermediateSize: shape.hidden,
        layers: shape.layers,
        heads: shape.heads,
        keyValueHeads: shape.groups,
        headSize: shape.dim / shape.heads,
        maximumPositions: shape.positions,
        ...LLAMA,
        rope: { ...LLAMA.rope, layout: 'interleaved', rotarySize: shape.dim / shape.heads },
        tiedEmbedding: shape.tied,
        bosToken: 1,
        eosTokens: [2],
        padToken: 0,
      });
      await expectBase(base, checkpointOf(shape, version === 2));
    }
  });

  test.each([-1, 1])('a file %i bytes longer than its header says is refused', async (difference) => {
    const bytes = write(small);
    const changed = difference < 0 ? bytes.subarray(0, -1) : Buffer.concat([bytes, Buffer.of(0)]);
    await expect(openLlama2cFile(fileOf(changed))).rejects.toThrow(
      `has ${bytes.length + difference} bytes, its header asks for ${bytes.length}`,
    );
  });

  test('NaN among the weights is refused where it is read', async () => {
    const bytes = write(small);
    bytes.writeFloatLE(NaN, version === 0 ? 28 : 256);
    await expect(convert(fileOf(bytes), 'int8')).rejects.toThrow(ModelFileError);
  });
});

test('any rows of a quantised matrix are those of the whole, groups across rows included', async () => {
  const { source, close } = await openLlama2cFile(fileOf(quantizedFile(acrossRows)));
  const down = source.layers[1]?.down;
  const whole = (await down?.read(0, 12)) ?? new Float32Array();
  expect(whole).toHaveLength(72);
  for (let first = 0; first < 12; first++) {
    for (let count = 1; first + count <= 12; count++) {
      expect(await down?.read(first, count)).toEqual(whole.subarray(first * 6, (first + count) * 6));
    }
  }
  await close();
});

test.each<[string, (bytes: Buffer) => void, RegExp]>([
  ['another version', (bytes) => bytes.writeInt32LE(1, 4), /version: is 1; versions 0 \(legacy\) and 2/],
  ['no group size', (bytes) => bytes.writeInt32LE(0, 37), /group_size: is 0/],
  [
    'a group size that does not divide',
    (bytes) => bytes.writeInt32LE(7, 37),
    /group_size: 7 does not divide/,
  ],
  ['a flag that is none', (bytes) => bytes.writeUInt8(9, 36), /shared_classifier: is 9, not 0 or 1/],
  ['no heads', (bytes) => bytes.writeInt32LE(0, 20), /header: 0 heads do not divide a width of 8/],
  ['absurd layers', (bytes) => bytes.writeInt32LE(2 ** 30, 16), /layers: /],
  ['a negative width', (bytes) => bytes.writeInt32LE(-8, 8), /header: 4 heads do not divide/],
])('refuses %s', async (_name, damage, message) => {
  const bytes = quantizedFile(small);
  damage(bytes);
  const failure = openLlama2cFile(fileOf(bytes));
  await expect(failure).rejects.toThrow(ModelFileError);
  await expect(failure).rejects.toThrow(message);
});

test('stories260K as published: shape, and weights at the places that its description gives', async (context) => {
  const file = sharedModel('stories260K/stories260K.bin', context);
  const base = await convert(file, 'fp32');
  expect(base.architecture).toMatchObject({
    hiddenSize: 64,
    intermediateSize: 172,
    layers: 5,
    heads: 8,
    keyValueHeads: 4,
  });
  expect(base.architecture).toMatchObject({
    vocabularySize: 512,
    maximumPositions: 512,
    tiedEmbedding: true,
  });
  const bytes = readFileSync(file);
  const floats = new Float32Array(bytes.buffer.slice(bytes.byteOffset + 28, bytes.byteOffset + bytes.length));
  const wq = 512 * 64 + 5 * 64;
  const w3 = wq + 5 * 64 * 64 * 2 + 5 * 32 * 64 * 2 + 5 * 64 + 5 * 172 * 64 * 2;
  const qkv = await base.readFloat32('layers.3.attention.qkv.weight');
  const gateUp = await base.readFloat32('layers.4.feedForward.gateUp.weight');
  for (let input = 0; input < 64; input++) {
    for (let output = 0; output < 64; output++) {
      expect(qkv[input * 128 + output]).toBe(floats[wq + 3 * 64 * 64 + output * 64 + input]);
    }
    for (let output = 0; output < 172; output++) {
      expect(gateUp[input * 344 + 172 + output]).toBe(floats[w3 + 4 * 172 * 64 + output * 64 + input]);
    }
  }
});

test('stories3M-q80 as published: codes times scales at the places that its description gives', async (context) => {
  const file = sharedModel('stories3M-q80/stories3M-q80.bin', context);
  const base = await convert(file, 'fp32');
  expect(base.architecture).toMatchObject({
    hiddenSize: 192,
    intermediateSize: 512,
    layers: 6,
    heads: 6,
    keyValueHeads: 2,
  });
  const bytes = readFileSync(file);
  const embedding = 256 + (6 * 192 * 2 + 192) * 4;
  const wq = embedding + 4096 * 192 + (4096 * 192 * 4) / 64;
  const second = wq + 192 * 192 + (192 * 192 * 4) / 64;
  const qkv = await base.readFloat32('layers.1.attention.qkv.weight');
  for (let output = 0; output < 192; output++) {
    for (let input = 0; input < 192; input++) {
      const index = output * 192 + input;
      const scale = bytes.readFloatLE(second + 192 * 192 + Math.floor(index / 64) * 4);
      expect(qkv[input * 320 + output]).toBe(Math.fround(bytes.readInt8(second + index) * scale));
    }
  }
});
