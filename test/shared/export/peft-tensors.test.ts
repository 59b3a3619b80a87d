/** Names and forms that PEFT looks for: rows as Hugging Face turns them, fused projections as one change. */
import { expect, test } from 'vitest';
import { adapterSourceOf } from '../../../shared/export/adapter-source.ts';
import { concatenate } from '../../../shared/export/gguf/bytes.ts';
import { peftFolder } from '../../../shared/export/peft-folder.ts';
import { decodeSafetensors } from '../../../shared/safetensors/decode.ts';
import { encodeSafetensors } from '../../../shared/safetensors/encode.ts';

const RANK = 2;
const INPUTS = 3;
const HEADS = { heads: 2, keyValueHeads: 1 };
/** Rows of each projection; a head has eight. */
const ROWS = { q_proj: 16, k_proj: 8, v_proj: 8 } as const;
type Name = keyof typeof ROWS;
const names: readonly Name[] = ['q_proj', 'k_proj', 'v_proj'];

const valueOf = (name: Name, row: number, column: number): number =>
  100 * (names.indexOf(name) + 1) + 3 * row + column;

async function made(layout: 'half' | 'interleaved') {
  const tensors = names.flatMap((name) => {
    const prefix = `base_model.model.model.layers.0.self_attn.${name}`;
    const matrix = (rows: number, columns: number, sign: number) =>
      new Uint8Array(
        Float32Array.from(
          { length: rows * columns },
          (_, place) => sign * valueOf(name, Math.floor(place / columns), place % columns),
        ).buffer,
      );
    return [
      {
        name: `${prefix}.lora_A.weight`,
        dtype: 'F32',
        shape: [RANK, INPUTS],
        bytes: matrix(RANK, INPUTS, 1),
      },
      {
        name: `${prefix}.lora_B.weight`,
        dtype: 'F32',
        shape: [ROWS[name], RANK],
        bytes: matrix(ROWS[name], RANK, -1),
      },
    ];
  });
  const config = { r: RANK, lora_alpha: 4, task_type: 'CAUSAL_LM', target_modules: [...names] };
  const metadata = { rope_layout: layout, adapter_config: JSON.stringify(config) };
  return await adapterSourceOf(encodeSafetensors(tensors, metadata));
}

async function folderOf(layout: 'half' | 'interleaved', modelType: string | null) {
  const [config, weights] = peftFolder(await made(layout), { ...HEADS, location: 'owner/base', modelType });
  const parts: Uint8Array[] = [];
  for await (const part of weights?.chunks() ?? []) parts.push(part);
  const [text = new Uint8Array()] = [...((config?.chunks() ?? []) as Iterable<Uint8Array>)];
  const { tensors } = decodeSafetensors(
    concatenate(parts),
    (field, fault) => new Error(`${field}: ${fault}`),
  );
  const rows = (name: string): number[][] => {
    const { shape = [], bytes = new Uint8Array() } = tensors.get(name) ?? {};
    const values = new Float32Array(bytes.slice().buffer);
    const [count = 0, columns = 0] = shape;
    return Array.from({ length: count }, (_, row) => [
      ...values.subarray(row * columns, (row + 1) * columns),
    ]);
  };
  return { config: JSON.parse(new TextDecoder().decode(text)) as Record<string, unknown>, tensors, rows };
}

const B = (name: Name, row: number): number[] => [-valueOf(name, row, 0), -valueOf(name, row, 1)];

test('an adapter of a llama2.c base has its query and key rows put half a head apart', async () => {
  const prefix = 'base_model.model.model.layers.0.self_attn';
  const { rows, config } = await folderOf('interleaved', null);
  const order = [0, 2, 4, 6, 1, 3, 5, 7];
  expect(rows(`${prefix}.q_proj.lora_B.weight`)).toEqual(
    [...order, ...order.map((row) => row + 8)].map((row) => B('q_proj', row)),
  );
  expect(rows(`${prefix}.k_proj.lora_B.weight`)).toEqual(order.map((row) => B('k_proj', row)));
  expect(rows(`${prefix}.v_proj.lora_B.weight`)).toEqual(
    [0, 1, 2, 3, 4, 5, 6, 7].map((row) => B('v_proj', row)),
  );
  expect(config['base_model_name_or_path']).toBe('owner/base');
});

test('a family that stores query, key and value as one gets one change of the same effect', async () => {
  const prefix = 'base_model.model.model.layers.0.self_attn.qkv_proj';
  const { config, rows, tensors } = await folderOf('half', 'phi3');
  expect([...tensors.keys()].toSorted()).toEqual([`${prefix}.lora_A.weight`, `${prefix}.lora_B.weight`]);
  const a = rows(`${prefix}.lora_A.weight`);
  const b = rows(`${prefix}.lora_B.weight`);
  let output = 0;
  for (const name of names) {
    for (let row = 0; row < ROWS[name]; row++, output++) {
      for (let input = 0; input < INPUTS; input++) {
        const whole = (b[output] ?? []).reduce((sum, value, r) => sum + value * (a[r]?.[input] ?? 0), 0);
        const own = B(name, row).reduce((sum, value, r) => sum + value * valueOf(name, r, input), 0);
        expect(whole).toBe(own);
      }
    }
  }
  // alpha / r stays what it was.
  expect(config).toMatchObject({
    target_modules: ['qkv_proj'],
    rank_pattern: { qkv_proj: 6 },
    alpha_pattern: { qkv_proj: 12 },
  });
});

test('the text of a model that also sees stands under a name of its own', async () => {
  const { tensors } = await folderOf('half', 'gemma3');
  for (const name of tensors.keys()) {
    expect(name).toMatch(/^base_model\.model\.model\.language_model\.layers\.0\.self_attn\./);
  }
});
