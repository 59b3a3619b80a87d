/** Every family as a GGUF file and read again: the same logits, or a refusal that names what llama.cpp cannot say. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { ggufForm } from '../../../gpu-runner/export/gguf-architecture.ts';
import { ggufTensors } from '../../../gpu-runner/export/gguf-tensors.ts';
import { blocksOf, mergedTensors } from '../../../gpu-runner/export/merged-tensors.ts';
import { encodeElements } from '../../../gpu-runner/llama/weights/element-types.ts';
import { openGguf } from '../../../gpu-runner/llama/weights/gguf/open-gguf.ts';
import { openHuggingFaceFolder } from '../../../gpu-runner/llama/weights/huggingface-folder.ts';
import { concatenate } from '../../../shared/export/gguf/bytes.ts';
import { encodeGguf, type GgufMetadata } from '../../../shared/export/gguf/container.ts';
import { ggufRotaryOrder } from '../../../shared/export/gguf/rotary-order.ts';
import { logitsAt } from '../llama/weights/families/all-logits.ts';
import { readGolden, writeGoldenCheckpoint } from '../llama/weights/families/golden.ts';
import { convertOpened } from '../llama/weights/convert-opened.ts';
import { temporaryFolder } from '../llama/weights/made-up-checkpoint.ts';

type Config = Readonly<Record<string, unknown>>;

async function opened(name: string, change: Config) {
  const golden = readGolden(name);
  const config = { ...golden.config, ...change };
  const folder = writeGoldenCheckpoint({ ...golden, config });
  const base = await convertOpened(await openHuggingFaceFolder(folder), 'fp32');
  return { golden, base, form: async () => await ggufForm(base.architecture, config.model_type) };
}

const tokenizer = (size: number): GgufMetadata => [
  ['tokenizer.ggml.model', { type: 'string', value: 'llama' }],
  ['tokenizer.ggml.tokens', { type: 'strings', value: Array.from({ length: size }, (_, id) => `t${id}`) }],
  ['tokenizer.ggml.scores', { type: 'float32s', value: Array.from({ length: size }, (_, id) => -id) }],
  ['tokenizer.ggml.token_type', { type: 'int32s', value: Array.from({ length: size }, () => 1) }],
];

test.each<[name: string, gguf: string, change: Config]>([
  ['llama', 'llama', {}],
  ['llama-3', 'llama', {}],
  ['llama-linear', 'llama', {}],
  ['mistral-no-window', 'llama', {}],
  // Beyond the longest text a window is none.
  ['mistral', 'llama', { sliding_window: 256 }],
  ['qwen2', 'qwen2', {}],
  ['qwen3', 'qwen3', {}],
  ['smollm3', 'smollm3', { no_rope_layers: [1, 1, 1, 0] }],
  ['olmo2', 'olmo2', {}],
  ['phi3', 'phi3', { sliding_window: null }],
  ['gemma', 'gemma', {}],
  ['gemma2', 'gemma2', { query_pre_attn_scalar: 32 }],
  ['gemma3', 'gemma3', { query_pre_attn_scalar: 32 }],
  ['gemma3', 'gemma3', { query_pre_attn_scalar: 32, final_logit_softcapping: 3 }],
])('%s as a %s of llama.cpp %j', async (name, gguf, change) => {
  const { base, form, golden } = await opened(name, change);
  const { name: found, family, metadata, factors } = await form();
  expect(found).toBe(gguf);
  const weights = ggufTensors(
    mergedTensors(base, null, ggufRotaryOrder(gguf)),
    base.architecture,
    family.fused,
  );
  const tensors = weights.map((tensor) => ({
    name: tensor.name,
    type: 'F32' as const,
    shape: tensor.shape,
    async *chunks() {
      for await (const values of blocksOf(tensor)) yield encodeElements('F32', values);
    },
  }));
  const parts: Uint8Array[] = [];
  const all = [...metadata, ...tokenizer(base.architecture.vocabularySize)];
  for await (const part of encodeGguf(all, [...factors, ...tensors])) parts.push(part);
  const file = path.join(temporaryFolder(), 'model.gguf');
  writeFileSync(file, concatenate(parts));
  const again = await convertOpened(await openGguf(file), 'fp32');
  const expected = await logitsAt(base, golden.tokens, golden.positions);
  const logits = await logitsAt(again, golden.tokens, golden.positions);
  for (const [place, row] of expected.entries()) {
    for (const [token, value] of row.entries()) expect(logits[place]?.[token]).toBeCloseTo(value, 4);
  }
});

test.each<[name: string, change: Config, fault: RegExp]>([
  ['mistral', {}, /a llama of llama\.cpp has no way to say the model's windows.*peft/s],
  ['phi3', {}, /a phi3 of llama\.cpp has no way to say the model's windows/],
  ['smollm3', {}, /a smollm3 .* the model's rope\.layersWithout/],
  ['gemma2', {}, /a gemma2 .* the model's attentionScale/],
  ['gemma2', { query_pre_attn_scalar: 32, final_logit_softcapping: null }, /the model's softCaps\.logits/],
  [
    'gemma3',
    {
      query_pre_attn_scalar: 32,
      layer_types: ['full', 'full', 'sliding', 'full', 'full', 'sliding'].map((one) => `${one}_attention`),
    },
    /the model's windows/,
  ],
  [
    'qwen2',
    { rope_parameters: { rope_type: 'yarn', rope_theta: 1e6, factor: 8, beta_fast: 8 } },
    /the model's rope\.scaling/,
  ],
  [
    'qwen3',
    {
      rope_parameters: {
        rope_type: 'llama3',
        rope_theta: 1e6,
        factor: 8,
        low_freq_factor: 1,
        high_freq_factor: 4,
        original_max_position_embeddings: 32,
      },
    },
    /the model's rope\.scaling/,
  ],
  ['qwen2-window', {}, /no family that can be written has/],
])('%s %j is refused', async (name, change, fault) => {
  const { form } = await opened(name, change);
  await expect(form()).rejects.toThrow(fault);
});
