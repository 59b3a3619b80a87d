/** Every family answers as transformers does: logits of made-up checkpoints, kept as fixtures. */
import { describe, expect, test } from 'vitest';
import { openHuggingFaceFolder } from '../../../../../gpu-runner/llama/weights/huggingface-folder.ts';
import { convertOpened } from '../convert-opened.ts';
import { logitsAt } from './all-logits.ts';
import { type Golden, goldenLogits, goldenNames, readGolden, writeGoldenCheckpoint } from './golden.ts';

/** Below the 1e-3 that is promised, so that the exact GELU shows beside its approximation. */
const LIMIT = 2e-4;

/** Largest difference between our fp32 logits and transformers'. */
async function worstDifference(golden: Golden): Promise<number> {
  const base = await convertOpened(await openHuggingFaceFolder(writeGoldenCheckpoint(golden)), 'fp32');
  const found = await logitsAt(base, golden.tokens, golden.positions);
  const differences = goldenLogits(golden).flatMap((row, place) =>
    Array.from(row, (value, token) => Math.abs(value - (found[place]?.[token] ?? Number.NaN))),
  );
  expect(differences).toHaveLength(13 * 96);
  return Math.max(...differences);
}

test.each(goldenNames)('%s: fp32 logits of 13 positions up to the 64th', async (name) => {
  expect(await worstDifference(readGolden(name))).toBeLessThan(LIMIT);
});

const linear = { rope_type: 'linear', rope_theta: 1e6, factor: 4 };
const local = { rope_type: 'default', rope_theta: 1e4 };
// What of a configuration could be lost without a word: each change must show in the logits.
describe('what a family differs in shows:', () => {
  test.each<[name: string, change: Record<string, unknown>]>([
    ['llama', { rms_norm_eps: 1e-2 }],
    ['llama-3', { rope_parameters: { rope_type: 'default', rope_theta: 5e5 } }],
    ['llama-linear', { rope_parameters: { rope_type: 'linear', rope_theta: 1e4, factor: 3 } }],
    ['mistral', { sliding_window: 12 }],
    ['qwen2', { rope_parameters: { rope_type: 'yarn', rope_theta: 1e6, factor: 8, beta_fast: 8 } }],
    ['qwen2-window', { sliding_window: 14 }],
    ['qwen2-window', { layer_types: Array.from({ length: 4 }, () => 'sliding_attention') }],
    ['qwen3', { rope_parameters: { rope_type: 'dynamic', rope_theta: 2e4 } }],
    ['smollm3', { no_rope_layers: [1, 0, 1, 1] }],
    ['olmo2', { rope_parameters: { rope_type: 'default', rope_theta: 1e4 } }],
    ['phi3', { sliding_window: 22 }],
    ['phi3', { original_max_position_embeddings: 96 }],
    ['gemma2', { sliding_window: 8 }],
    ['gemma2', { query_pre_attn_scalar: 26 }],
    ['gemma2', { attn_logit_softcapping: 6 }],
    ['gemma2', { final_logit_softcapping: 4 }],
    ['gemma2', { hidden_activation: 'gelu' }],
    ['gemma3', { sliding_window: 10 }],
    [
      'gemma3',
      { rope_parameters: { sliding_attention: { ...local, rope_theta: 2e4 }, full_attention: linear } },
    ],
    ['gemma3', { rope_parameters: { sliding_attention: local, full_attention: { ...linear, factor: 2 } } }],
  ])('%s %j', async (name, change) => {
    const golden = readGolden(name);
    const changed = { ...golden, config: { ...golden.config, ...change } };
    expect(await worstDifference(changed)).toBeGreaterThan(LIMIT);
  });
});
