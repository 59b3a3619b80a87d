/** What an export is told of a base that came as a GGUF file, which brings no config.json. */
import { expect, test } from 'vitest';
import { exportFacts } from '../../../gpu-runner/export/facts.ts';
import { openGguf } from '../../../gpu-runner/llama/weights/gguf/open-gguf.ts';
import { convertOpened } from '../llama/weights/convert-opened.ts';
import { type Config, goldenBase, writeGoldenGguf } from './golden-gguf.ts';

const plainRope = { rope_type: 'default', rope_theta: 10_000, partial_rotary_factor: 1 };

test.each<[what: string, name: string, change: Config, modelType: string, gguf: string]>([
  // Their adapters leave joined, as they store query, key and value.
  ['of longrope', 'phi3', { sliding_window: null }, 'phi3', 'phi3'],
  ['like a LLaMA', 'phi3', { sliding_window: null, rope_parameters: plainRope }, 'phi3', 'phi3'],
  ['', 'llama', {}, 'llama', 'llama'],
  ['', 'qwen3', {}, 'qwen3', 'qwen3'],
  ['', 'gemma3', { query_pre_attn_scalar: 32 }, 'gemma3_text', 'gemma3'],
])('a %s %s', async (_, name, change, modelType, ggufArchitecture) => {
  const { base, form } = await goldenBase(name, change);
  const file = await writeGoldenGguf(base, await form());
  const came = await convertOpened(await openGguf(file), 'int8', 'gguf');
  expect(await exportFacts({ architecture: came.architecture, base: came }, file)).toMatchObject({
    modelType,
    ggufArchitecture,
  });
});
