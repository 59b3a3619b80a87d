/** Made-up checkpoints for a clone without ../shared: written here byte by byte, by none of the code under test. */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Architecture, LLAMA } from '../../../../gpu-runner/llama/model/architecture.ts';

/** A fresh folder under the system's temporary one; the run's process removes none, the system does. */
export function temporaryFolder(): string {
  return mkdtempSync(path.join(tmpdir(), 'rlcd-import-'));
}

/** Five tokens after the bytes. */
const WORDS = ['▁', 'a', 'b', '▁a', 'ab'];

export const MADE_UP_VOCABULARY = 3 + 256 + WORDS.length;

export const madeUpArchitecture: Architecture = {
  vocabularySize: MADE_UP_VOCABULARY,
  hiddenSize: 24,
  intermediateSize: 40,
  layers: 2,
  heads: 6,
  keyValueHeads: 2,
  headSize: 4,
  maximumPositions: 64,
  ...LLAMA,
  rope: { ...LLAMA.rope, rotarySize: 4 },
  tiedEmbedding: false,
  bosToken: 1,
  eosTokens: [2],
  padToken: 0,
};

/** Weight of a tensor at a flat index: any function that tells tensors, rows and columns apart; exact in bf16. */
export function weightAt(name: string, index: number): number {
  let hash = 7;
  for (const character of `${name}:${index}`)
    hash = (Math.imul(hash, 31) + (character.codePointAt(0) ?? 0)) | 0;
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return ((hash >>> 24) - 128) / 512;
}

export type Dtype = 'F32' | 'F16' | 'BF16';

/** Bytes of numbers that the dtype holds exactly. */
export function bytesOf(dtype: Dtype, values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * (dtype === 'F32' ? 4 : 2));
  for (const [index, value] of values.entries()) {
    if (dtype === 'F32') bytes.writeFloatLE(value, index * 4);
    else bytes.writeUInt16LE(dtype === 'BF16' ? upperHalf(value) : halfOf(value), index * 2);
  }
  return bytes;
}

function upperHalf(value: number): number {
  const four = Buffer.alloc(4);
  four.writeFloatLE(value);
  return four.readUInt16LE(2);
}

/** fp16 bits of a number that is 0 or normal and exact in fp16. */
function halfOf(value: number): number {
  const sign = value < 0 ? 0x8000 : 0;
  if (value === 0) return sign;
  const exponent = Math.floor(Math.log2(Math.abs(value)));
  return sign | ((exponent + 15) << 10) | ((Math.abs(value) / 2 ** exponent - 1) * 1024);
}

export interface MadeUpTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

/** A safetensors file, tensors in the order given. */
export function safetensorsBytes(tensors: readonly MadeUpTensor[], dtype: Dtype): Buffer {
  const header: Record<string, unknown> = { __metadata__: { format: 'pt' } };
  const parts: Buffer[] = [];
  let end = 0;
  for (const { name, shape, values } of tensors) {
    const bytes = bytesOf(dtype, values);
    header[name] = { dtype, shape, data_offsets: [end, end + bytes.length] };
    end += bytes.length;
    parts.push(bytes);
  }
  return withHeader(JSON.stringify(header), Buffer.concat(parts));
}

/** A safetensors file of any header text and data. */
export function withHeader(header: string | Buffer, data: Uint8Array): Buffer {
  const text = Buffer.from(header);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, data]);
}

/** [name, shape] of every tensor of a Hugging Face LLaMA. */
export function huggingFaceShapes(architecture: Architecture): [string, number[]][] {
  const { vocabularySize, hiddenSize, intermediateSize, heads, keyValueHeads, headSize } = architecture;
  const shapes: [string, number[]][] = [['model.embed_tokens.weight', [vocabularySize, hiddenSize]]];
  for (let layer = 0; layer < architecture.layers; layer++) {
    const add = (name: string, ...shape: number[]): unknown =>
      shapes.push([`model.layers.${layer}.${name}.weight`, shape]);
    add('self_attn.q_proj', heads * headSize, hiddenSize);
    add('self_attn.k_proj', keyValueHeads * headSize, hiddenSize);
    add('self_attn.v_proj', keyValueHeads * headSize, hiddenSize);
    add('self_attn.o_proj', hiddenSize, heads * headSize);
    add('mlp.gate_proj', intermediateSize, hiddenSize);
    add('mlp.up_proj', intermediateSize, hiddenSize);
    add('mlp.down_proj', hiddenSize, intermediateSize);
    add('input_layernorm', hiddenSize);
    add('post_attention_layernorm', hiddenSize);
  }
  shapes.push(['model.norm.weight', [hiddenSize]], ['lm_head.weight', [vocabularySize, hiddenSize]]);
  return shapes;
}

export interface MadeUpFolder {
  readonly architecture?: Architecture;
  readonly dtype?: Dtype;
  readonly shards?: number;
  /** Names left out, as a tied checkpoint leaves out one of its two. */
  readonly without?: readonly string[];
  /** Fields of config.json to change; undefined removes one. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly extra?: readonly MadeUpTensor[];
}

/** Writes a Hugging Face folder; returns its path. */
export function writeHuggingFaceFolder(options: MadeUpFolder = {}): string {
  const { architecture = madeUpArchitecture, dtype = 'F32', shards = 1, without = [], extra = [] } = options;
  const folder = temporaryFolder();
  const tensors = huggingFaceShapes(architecture)
    .filter(([name]) => !without.includes(name))
    .map(([name, shape]): MadeUpTensor => ({ name, shape, values: madeUpValues(name, shape) }));
  writeShards(folder, [...tensors, ...extra], dtype, shards);
  const config = { ...huggingFaceConfig(architecture), ...options.config };
  writeFileSync(path.join(folder, 'config.json'), JSON.stringify(config));
  writeMadeUpTokenizer(folder);
  return folder;
}

export function madeUpValues(name: string, shape: readonly number[]): number[] {
  return Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, index) => weightAt(name, index));
}

function writeShards(folder: string, tensors: readonly MadeUpTensor[], dtype: Dtype, shards: number): void {
  if (shards === 1) {
    writeFileSync(path.join(folder, 'model.safetensors'), safetensorsBytes(tensors, dtype));
    return;
  }
  const map: Record<string, string> = {};
  for (let shard = 0; shard < shards; shard++) {
    const name = `model-0000${shard + 1}-of-0000${shards}.safetensors`;
    const own = tensors.filter((_, index) => index % shards === shard);
    for (const tensor of own) map[tensor.name] = name;
    writeFileSync(path.join(folder, name), safetensorsBytes(own, dtype));
  }
  const index = { metadata: { total_size: 0 }, weight_map: map };
  writeFileSync(path.join(folder, 'model.safetensors.index.json'), JSON.stringify(index));
}

/** config.json as transformers writes it. */
export function huggingFaceConfig(architecture: Architecture): Record<string, unknown> {
  return {
    architectures: ['LlamaForCausalLM'],
    attention_bias: false,
    bos_token_id: architecture.bosToken,
    eos_token_id: architecture.eosTokens[0],
    head_dim: architecture.headSize,
    hidden_act: 'silu',
    hidden_size: architecture.hiddenSize,
    intermediate_size: architecture.intermediateSize,
    max_position_embeddings: architecture.maximumPositions,
    mlp_bias: false,
    model_type: 'llama',
    num_attention_heads: architecture.heads,
    num_hidden_layers: architecture.layers,
    num_key_value_heads: architecture.keyValueHeads,
    pad_token_id: architecture.padToken,
    rms_norm_eps: architecture.norm.epsilon,
    rope_scaling: null,
    rope_theta: architecture.rope.theta,
    tie_word_embeddings: architecture.tiedEmbedding,
    vocab_size: architecture.vocabularySize,
  };
}

/** A tokenizer of {@link MADE_UP_VOCABULARY} tokens: specials, bytes and five words. */
export function writeMadeUpTokenizer(folder: string): void {
  mkdirSync(folder, { recursive: true });
  const bytes = Array.from(
    { length: 256 },
    (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`,
  );
  const tokens = ['<unk>', '<s>', '</s>', ...bytes, ...WORDS];
  const tokenizer = {
    version: '1.0',
    added_tokens: tokens
      .slice(0, 3)
      .map((content, id) => ({ id, content, special: true, normalized: false })),
    normalizer: {
      type: 'Sequence',
      normalizers: [
        { type: 'Prepend', prepend: '▁' },
        { type: 'Replace', pattern: { String: ' ' }, content: '▁' },
      ],
    },
    pre_tokenizer: null,
    post_processor: null,
    decoder: {
      type: 'Sequence',
      decoders: [
        { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
        { type: 'ByteFallback' },
        { type: 'Fuse' },
        { type: 'Strip', content: ' ', start: 1, stop: 0 },
      ],
    },
    model: {
      type: 'BPE',
      unk_token: '<unk>',
      byte_fallback: true,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges: ['▁ a', 'a b'],
    },
  };
  writeFileSync(path.join(folder, 'tokenizer.json'), JSON.stringify(tokenizer));
  const config = {
    tokenizer_class: 'LlamaTokenizer',
    bos_token: '<s>',
    eos_token: '</s>',
    unk_token: '<unk>',
  };
  writeFileSync(path.join(folder, 'tokenizer_config.json'), JSON.stringify(config));
}
