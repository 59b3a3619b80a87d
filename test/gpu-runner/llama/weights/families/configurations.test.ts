/** config.json is taken as transformers takes it, where fields are left out and in the older forms of rope. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { readHuggingFaceConfiguration } from '../../../../../gpu-runner/llama/weights/huggingface-config.ts';
import type { Architecture } from '../../../../../gpu-runner/llama/model/architecture.ts';
import { ModelFileError } from '../../../../../gpu-runner/files/model-file-error.ts';
import { temporaryFolder } from '../made-up-checkpoint.ts';

const FIXTURE = new URL('../../../../fixtures/families-configurations.json', import.meta.url);

const viewSchema = z.looseObject({
  ropeType: z.string(),
  windows: z.array(z.int().nullable()),
  maximumPositions: z.int(),
  originalMaximumPositions: z.int().nullable(),
});
const fixtureSchema = z.record(
  z.string(),
  z.strictObject({ config: z.record(z.string(), z.unknown()), view: viewSchema }),
);

async function recordOf(config: Readonly<Record<string, unknown>>): Promise<Architecture> {
  const folder = temporaryFolder();
  writeFileSync(path.join(folder, 'config.json'), JSON.stringify(config));
  return (await readHuggingFaceConfiguration(folder)).architecture;
}

const rows = Object.entries(fixtureSchema.parse(JSON.parse(readFileSync(FIXTURE, 'utf8'))));

test.each(rows)('%s', async (_name, { config, view }) => {
  const { windows, maximumPositions, originalMaximumPositions, ropeType, ...expected } = view;
  const record = await recordOf(config);
  const { rope, norm, ...rest } = record;
  const found = {
    ...rest,
    epsilon: norm.epsilon,
    theta: rope.theta,
    localTheta: rope.local?.theta ?? null,
    rotarySize: rope.rotarySize,
  };
  expect(found).toMatchObject(expected);
  expect(rope.scaling?.kind ?? 'default').toBe(ropeType);
  // Longrope turns by its short factors, up to the original length; a window beyond the positions is none.
  const positions = ropeType === 'longrope' ? (originalMaximumPositions ?? 0) : maximumPositions;
  expect(record.maximumPositions).toBe(positions);
  const reach = windows.map((window) => (window !== null && window < positions ? window : null));
  expect(record.windows ?? windows.map(() => null)).toEqual(reach);
});

test('every rope type becomes its record', async () => {
  const yarn = { type: 'yarn', factor: 4, beta_fast: 16, mscale: 1, mscale_all_dim: 0.5, truncate: false };
  expect((await recordOf({ model_type: 'qwen2', rope_scaling: yarn })).rope.scaling).toEqual({
    kind: 'yarn',
    factor: 4,
    originalMaximumPositions: 32_768,
    betaFast: 16,
    betaSlow: 1,
    attentionFactor: (0.1 * Math.log(4) + 1) / (0.05 * Math.log(4) + 1),
    truncate: false,
  });
  const factors = Array.from({ length: 48 }, () => 2);
  const longrope = { rope_type: 'longrope', short_factor: factors, long_factor: factors };
  const record = await recordOf({
    model_type: 'phi3',
    max_position_embeddings: 131_072,
    rope_scaling: longrope,
  });
  expect(record.rope.scaling).toEqual({
    kind: 'longrope',
    factors,
    attentionFactor: Math.sqrt(1 + Math.log(32) / Math.log(4096)),
  });
  expect(record.maximumPositions).toBe(4096);
  const dynamic = await recordOf({ model_type: 'llama', rope_scaling: { type: 'dynamic', factor: 2 } });
  expect(dynamic.rope.scaling).toBeNull();
  expect(dynamic.maximumPositions).toBe(2048);
});

describe('refused by name', () => {
  test.each<[string, Record<string, unknown>, RegExp]>([
    [
      'a mixture of experts',
      { model_type: 'mixtral' },
      /"mixtral", a mixture of experts, which does not open/,
    ],
    [
      'experts in a family',
      { model_type: 'llama', num_local_experts: 8 },
      /num_local_experts: is 8: a mixture/,
    ],
    [
      'fp8',
      { model_type: 'llama', quantization_config: { quant_method: 'fp8' } },
      /quantization_config: says that the weights are already quantised \(fp8\)/,
    ],
    [
      'GPTQ of a family that does not open',
      { model_type: 'x', quantization_config: { quant_method: 'gptq' } },
      /already quantised \(gptq\)\. Use the fp32/,
    ],
    ['no family', { architectures: ['LlamaForCausalLM'] }, /model_type: is not the name of a family/],
    [
      'half a rotation where the family turns whole',
      { model_type: 'llama', partial_rotary_factor: 0.5 },
      /partial_rotary_factor: is 0\.5, but heads/,
    ],
    [
      'rope by layer type where there is one kind',
      { model_type: 'llama', rope_parameters: { full_attention: { rope_type: 'default' } } },
      /rope_parameters: differs by layer type, unlike this model_type/,
    ],
    [
      'one rope where there are two kinds of layer',
      { model_type: 'gemma3_text', rope_parameters: { rope_type: 'default', rope_theta: 1e4 } },
      /rope_parameters: does not tell full_attention from sliding_attention/,
    ],
    [
      'a scaled window',
      {
        model_type: 'gemma3_text',
        rope_parameters: { sliding_attention: { rope_type: 'linear', factor: 2 } },
      },
      /sliding_attention\.rope_type: is linear; layers with a window/,
    ],
    [
      'chunked attention',
      {
        model_type: 'qwen3',
        use_sliding_window: true,
        layer_types: Array.from({ length: 32 }, () => 'chunked_attention'),
      },
      /layer_types\.0: is chunked_attention; full_attention and sliding_attention open/,
    ],
    [
      'too few layer types',
      { model_type: 'gemma2', layer_types: ['full_attention'] },
      /has 1 entries for 26/,
    ],
    ['layers without a window', { model_type: 'gemma2', sliding_window: null }, /sliding_window: is missing/],
    [
      'tokens that see later ones',
      { model_type: 'gemma3_text', use_bidirectional_attention: true },
      /is set/,
    ],
    [
      'longrope without factors',
      { model_type: 'phi3', rope_scaling: { type: 'longrope' } },
      /rope_scaling\.short_factor: is not a list of numbers/,
    ],
  ])('%s', async (_name, config, message) => {
    await expect(recordOf(config)).rejects.toThrow(ModelFileError);
    await expect(recordOf(config)).rejects.toThrow(message);
  });
});
