/** GGUF files written here byte by byte, by none of the code under test. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { type Architecture } from '../../../../../gpu-runner/llama/model/architecture.ts';
import { bytesOf, madeUpArchitecture, temporaryFolder, weightAt } from '../made-up-checkpoint.ts';

/** A value with the type that the file gives it. */
export type Value =
  | { readonly u32: number }
  | { readonly f32: number }
  | { readonly bool: boolean }
  | { readonly text: string }
  | { readonly texts: readonly string[] }
  | { readonly f32s: readonly number[] }
  | { readonly i32s: readonly number[] };

export interface GgufTensor {
  readonly name: string;
  /** Fastest first. */
  readonly dimensions: readonly number[];
  /** 0 for F32, 1 for F16, 30 for BF16 ... */
  readonly type: number;
  readonly data: Uint8Array;
}

export interface GgufContent {
  readonly version?: number;
  readonly metadata: Readonly<Record<string, Value>>;
  readonly tensors: readonly GgufTensor[];
}

const ALIGNMENT = 32;

export function ggufBytes({ version = 3, metadata, tensors }: GgufContent): Buffer {
  const keys = Object.entries(metadata);
  const head = [Buffer.from('GGUF'), u32(version), u64(tensors.length), u64(keys.length)];
  for (const [key, value] of keys) head.push(text(key), valueBytes(value));
  const data: Buffer[] = [];
  let offset = 0;
  for (const tensor of tensors) {
    head.push(text(tensor.name), u32(tensor.dimensions.length), ...tensor.dimensions.map(u64));
    head.push(u32(tensor.type), u64(offset));
    const padded = Buffer.alloc(Math.ceil(tensor.data.length / ALIGNMENT) * ALIGNMENT);
    padded.set(tensor.data);
    data.push(padded);
    offset += padded.length;
  }
  const header = Buffer.concat(head);
  const padding = Buffer.alloc((ALIGNMENT - (header.length % ALIGNMENT)) % ALIGNMENT);
  return Buffer.concat([header, padding, ...data]);
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([u64(bytes.length), bytes]);
}

function valueBytes(value: Value): Buffer {
  if ('u32' in value) return Buffer.concat([u32(4), u32(value.u32)]);
  if ('f32' in value) return Buffer.concat([u32(6), bytesOf('F32', [value.f32])]);
  if ('bool' in value) return Buffer.concat([u32(7), Buffer.of(value.bool ? 1 : 0)]);
  if ('text' in value) return Buffer.concat([u32(8), text(value.text)]);
  if ('texts' in value)
    return Buffer.concat([u32(9), u32(8), u64(value.texts.length), ...value.texts.map(text)]);
  if ('f32s' in value)
    return Buffer.concat([u32(9), u32(6), u64(value.f32s.length), bytesOf('F32', value.f32s)]);
  const integers = Buffer.from(Int32Array.from(value.i32s).buffer);
  return Buffer.concat([u32(9), u32(5), u64(value.i32s.length), integers]);
}

/** The vocabulary of the other made-up checkpoints, as SentencePiece scores. */
const tokens = [
  '<unk>',
  '<s>',
  '</s>',
  ...Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`),
  '▁',
  'a',
  'b',
  '▁a',
  'ab',
];

const tokenizerMetadata: Readonly<Record<string, Value>> = {
  'tokenizer.ggml.model': { text: 'llama' },
  'tokenizer.ggml.tokens': { texts: tokens },
  'tokenizer.ggml.scores': { f32s: tokens.map((_, id) => -id) },
  'tokenizer.ggml.token_type': {
    i32s: tokens.map((_, id) => (id === 0 ? 2 : id < 3 ? 3 : id < 259 ? 6 : 1)),
  },
  'tokenizer.ggml.bos_token_id': { u32: 1 },
  'tokenizer.ggml.eos_token_id': { u32: 2 },
  'tokenizer.ggml.unknown_token_id': { u32: 0 },
  'tokenizer.ggml.padding_token_id': { u32: 0 },
};

function shapeMetadata(name: string, architecture: Architecture): Record<string, Value> {
  return {
    'general.architecture': { text: name },
    [`${name}.context_length`]: { u32: architecture.maximumPositions },
    [`${name}.embedding_length`]: { u32: architecture.hiddenSize },
    [`${name}.block_count`]: { u32: architecture.layers },
    [`${name}.feed_forward_length`]: { u32: architecture.intermediateSize },
    [`${name}.attention.head_count`]: { u32: architecture.heads },
    [`${name}.attention.head_count_kv`]: { u32: architecture.keyValueHeads },
    [`${name}.attention.key_length`]: { u32: architecture.headSize },
    [`${name}.attention.value_length`]: { u32: architecture.headSize },
    [`${name}.attention.layer_norm_rms_epsilon`]: { f32: architecture.norm.epsilon },
    [`${name}.rope.freq_base`]: { f32: architecture.rope.theta },
    [`${name}.rope.dimension_count`]: { u32: architecture.rope.rotarySize },
  };
}

/** Names of a LLaMA's tensors in Hugging Face's checkpoints and in GGUF, with rows and columns. */
export function llamaTensors(
  architecture: Architecture,
): [huggingFace: string, gguf: string, number, number][] {
  const { vocabularySize, hiddenSize, intermediateSize, heads, keyValueHeads, headSize } = architecture;
  const list: [string, string, number, number][] = [
    ['model.embed_tokens', 'token_embd', vocabularySize, hiddenSize],
    ['model.norm', 'output_norm', 1, hiddenSize],
    ['lm_head', 'output', vocabularySize, hiddenSize],
  ];
  for (let layer = 0; layer < architecture.layers; layer++) {
    const add = (huggingFace: string, gguf: string, rows: number, columns: number): unknown =>
      list.push([`model.layers.${layer}.${huggingFace}`, `blk.${layer}.${gguf}`, rows, columns]);
    add('input_layernorm', 'attn_norm', 1, hiddenSize);
    add('self_attn.q_proj', 'attn_q', heads * headSize, hiddenSize);
    add('self_attn.k_proj', 'attn_k', keyValueHeads * headSize, hiddenSize);
    add('self_attn.v_proj', 'attn_v', keyValueHeads * headSize, hiddenSize);
    add('self_attn.o_proj', 'attn_output', hiddenSize, heads * headSize);
    add('post_attention_layernorm', 'ffn_norm', 1, hiddenSize);
    add('mlp.gate_proj', 'ffn_gate', intermediateSize, hiddenSize);
    add('mlp.up_proj', 'ffn_up', intermediateSize, hiddenSize);
    add('mlp.down_proj', 'ffn_down', hiddenSize, intermediateSize);
  }
  return list;
}

/** Rows of a matrix by its Hugging Face name; a vector is one row. */
export function madeUpRows(name: string, rows: number, columns: number): number[][] {
  return Array.from({ length: rows }, (_, row) =>
    Array.from({ length: columns }, (__, column) => weightAt(`${name}.weight`, row * columns + column)),
  );
}

/** As llama.cpp's converter permutes: each head's rows as [2, D / 2] with the two axes exchanged. */
function interleaved(rows: number[][], headSize: number): number[][] {
  const half = headSize / 2;
  return rows.map((_, row) => {
    const head = Math.floor(row / headSize);
    const within = row % headSize;
    return rows[head * headSize + (within % 2) * half + Math.floor(within / 2)] ?? [];
  });
}

export function tensorOf(
  name: string,
  rows: readonly (readonly number[])[],
  vector = rows.length === 1,
): GgufTensor {
  const columns = rows[0]?.length ?? 0;
  return {
    name,
    dimensions: vector ? [columns] : [columns, rows.length],
    type: 0,
    data: bytesOf('F32', rows.flat()),
  };
}

/** A LLaMA as llama.cpp's converter writes it. */
export function llamaContent(architecture: Architecture = madeUpArchitecture): GgufContent {
  return {
    metadata: { ...shapeMetadata('llama', architecture), ...tokenizerMetadata },
    tensors: llamaTensors(architecture).map(([huggingFace, gguf, rows, columns]) => {
      const values = madeUpRows(huggingFace, rows, columns);
      const isRotated = /attn_[qk]$/.test(gguf);
      return tensorOf(`${gguf}.weight`, isRotated ? interleaved(values, architecture.headSize) : values);
    }),
  };
}

/** Writes a file into a fresh folder; returns its path. */
export function writeGguf(content: GgufContent, name = 'model.gguf'): string {
  const file = path.join(temporaryFolder(), name);
  writeFileSync(file, ggufBytes(content));
  return file;
}
