/** What a base must hold, from a function that gives the checkpoint's matrices: the fused, transposed picture. */
import { expect } from 'vitest';
import type { Architecture } from '../../../../gpu-runner/llama/model/architecture.ts';
import type { BaseFile } from '../../../../gpu-runner/llama/weights/base-file.ts';

/** Rows [out][in] of a checkpoint's matrix by its Hugging Face name without `.weight`; a vector is one row. */
export type Checkpoint = (name: string) => number[][];

/** Names of the original matrices that make up each of the base's, their output channels one after the other. */
function parts(architecture: Architecture): [string, string[]][] {
  const result: [string, string[]][] = [];
  for (let layer = 0; layer < architecture.layers; layer++) {
    const of = (...names: string[]): string[] => names.map((name) => `model.layers.${layer}.${name}`);
    result.push(
      [`layers.${layer}.attention.qkv`, of('self_attn.q_proj', 'self_attn.k_proj', 'self_attn.v_proj')],
      [`layers.${layer}.attention.output`, of('self_attn.o_proj')],
      [`layers.${layer}.feedForward.gateUp`, of('mlp.gate_proj', 'mlp.up_proj')],
      [`layers.${layer}.feedForward.down`, of('mlp.down_proj')],
    );
  }
  return result;
}

/** Checks every tensor of a base: fp32 exactly, 8-bit to half a step of each channel. */
export async function expectBase(base: BaseFile, checkpoint: Checkpoint): Promise<void> {
  const { architecture, precision } = base;
  const outputName = architecture.tiedEmbedding ? 'model.embed_tokens' : 'lm_head';
  for (const [name, originals] of parts(architecture)) {
    await expectChannels(base, name, originals.flatMap(checkpoint), false);
  }
  await expectChannels(base, 'embedding', checkpoint('model.embed_tokens'), true);
  expect(base.has('output.weight')).toBe(precision === 'int8' || !architecture.tiedEmbedding);
  if (base.has('output.weight')) await expectChannels(base, 'output', checkpoint(outputName), false);
  const norms: [string, string][] = [['norm', 'model.norm']];
  for (let layer = 0; layer < architecture.layers; layer++) {
    norms.push([`layers.${layer}.attention.norm`, `model.layers.${layer}.input_layernorm`]);
    norms.push([`layers.${layer}.feedForward.norm`, `model.layers.${layer}.post_attention_layernorm`]);
  }
  for (const [name, original] of norms) {
    expect(await base.readFloat32(`${name}.weight`)).toEqual(
      Float32Array.from(checkpoint(original)[0] ?? []),
    );
  }
}

async function expectChannels(
  base: BaseFile,
  name: string,
  channels: number[][],
  byRow: boolean,
): Promise<void> {
  const inputs = channels[0]?.length ?? 0;
  const values = await base.readDequantised(`${name}.weight`);
  expect(base.region(`${name}.weight`).shape).toEqual(
    byRow ? [channels.length, inputs] : [inputs, channels.length],
  );
  let worst = 0;
  for (const [channel, row] of channels.entries()) {
    const step = base.precision === 'int8' ? Math.max(...row.map(Math.abs)) / 127 : 0;
    for (const [input, weight] of row.entries()) {
      const found = values[byRow ? channel * inputs + input : input * channels.length + channel] ?? NaN;
      const excess = Math.abs(found - weight) - (step / 2) * (1 + 1e-5);
      worst = Number.isNaN(excess) ? NaN : Math.max(worst, excess);
    }
  }
  expect({ name, worst }).toEqual({ name, worst: 0 });
}
