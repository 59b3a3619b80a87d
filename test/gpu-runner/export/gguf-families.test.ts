/** Every family as a GGUF file and read again: the same logits, or a refusal that names what llama.cpp cannot say. */
import { expect, test } from 'vitest';
import { openGguf } from '../../../gpu-runner/llama/weights/gguf/open-gguf.ts';
import { convertOpened } from '../llama/weights/convert-opened.ts';
import { logitsAt } from '../llama/weights/families/all-logits.ts';
import { type Config, goldenBase, writeGoldenGguf } from './golden-gguf.ts';

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
  const { base, form, golden } = await goldenBase(name, change);
  const written = await form();
  expect(written.name).toBe(gguf);
  const file = await writeGoldenGguf(base, written);
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
  const { form } = await goldenBase(name, change);
  await expect(form()).rejects.toThrow(fault);
});
