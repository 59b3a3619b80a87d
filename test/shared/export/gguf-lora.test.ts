/** A LoRA as llama.cpp reads it: joined projections of a Phi-3 as one pair, scaled to its own rank. */
import { expect, test } from 'vitest';
import { adapterSourceOf } from '../../../shared/export/adapter-source.ts';
import { ggufLora } from '../../../shared/export/gguf/lora.ts';
import { encodeSafetensors } from '../../../shared/safetensors/encode.ts';

const RANK = 2;
const INPUTS = 3;
const ROWS = { gate_proj: 4, up_proj: 4 } as const;
const names = ['gate_proj', 'up_proj'] as const;

async function written(architecture: string) {
  const tensors = names.flatMap((name, index) =>
    (['A', 'B'] as const).map((factor) => {
      const shape = factor === 'A' ? [RANK, INPUTS] : [ROWS[name], RANK];
      const length = shape.reduce((product, size) => product * size, 1);
      const bytes = new Uint8Array(
        Float32Array.from({ length }, (_, place) => 10 * (index + 1) + place).buffer,
      );
      return {
        name: `base_model.model.model.layers.0.mlp.${name}.lora_${factor}.weight`,
        dtype: 'F32',
        shape,
        bytes,
      };
    }),
  );
  const config = { r: RANK, lora_alpha: 4, task_type: 'CAUSAL_LM', target_modules: [...names] };
  const bytes = encodeSafetensors(tensors, { rope_layout: 'half', adapter_config: JSON.stringify(config) });
  const source = await adapterSourceOf(bytes);
  const file = ggufLora(source, architecture, { heads: 1, keyValueHeads: 1 }, 'x');
  const parts: Uint8Array[] = [];
  for await (const part of file.chunks()) parts.push(part);
  const [header = new Uint8Array(), ...values] = parts;
  const numbers = (part: Uint8Array): number[] => [...new Float32Array(part.slice().buffer)];
  return {
    header: Buffer.from(header).toString('latin1'),
    values: values.filter((part) => part.some((byte) => byte !== 0)).map(numbers),
  };
}

test('gate and up of a Phi-3 are one pair of twice the rank, B twice as large, as alpha is divided by the rank', async () => {
  const { header, values } = await written('phi3');
  expect(header).toContain('blk.0.ffn_up.weight.lora_a');
  expect(header).toContain('blk.0.ffn_up.weight.lora_b');
  expect(header).not.toContain('ffn_gate');
  const [a, b] = values;
  expect(a).toEqual([10, 11, 12, 13, 14, 15, 20, 21, 22, 23, 24, 25]);
  const gate = [10, 11, 12, 13, 14, 15, 16, 17];
  const rows = [0, 2, 4, 6];
  expect(b).toEqual([
    ...rows.flatMap((row) => [2 * (gate[row] ?? 0), 2 * (gate[row + 1] ?? 0), 0, 0]),
    ...rows.flatMap((row) => [0, 0, 2 * ((gate[row] ?? 0) + 10), 2 * ((gate[row + 1] ?? 0) + 10)]),
  ]);
});

test('families that join nothing keep every projection as it is', async () => {
  const { header, values } = await written('gemma2');
  for (const name of ['ffn_gate', 'ffn_up']) expect(header).toContain(`blk.0.${name}.weight.lora_b`);
  expect(values).toHaveLength(4);
  expect(values[1]).toEqual([10, 11, 12, 13, 14, 15, 16, 17]);
});
