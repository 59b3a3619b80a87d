/** Adapters in PEFT's files: names, shapes and fields as PEFT writes them, round trips, and what is refused. */
import {
  type Adapter,
  type LowRankPair,
  type Projection,
  projections,
  projectionShape,
} from '../../../../gpu-runner/llama/model/adapter.ts';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { decodeAdapter, encodeAdapter } from '../../../../gpu-runner/llama/weights/adapter-files.ts';
import { ModelFileError } from '../../../../gpu-runner/files/model-file-error.ts';
import { parseSafetensors } from '../../../../gpu-runner/llama/weights/safetensors-reader.ts';
import { encodeSafetensors } from '../../../../gpu-runner/llama/weights/safetensors-writer.ts';
import { madeUpArchitecture, madeUpValues, safetensorsBytes } from './made-up-checkpoint.ts';

const architecture = {
  ...madeUpArchitecture,
  headSize: 10,
  rope: { ...madeUpArchitecture.rope, rotarySize: 10 },
};

function madeUpAdapter(chosen: readonly Projection[], head: Adapter['head'], rank = 3): Adapter {
  const layers = Array.from({ length: architecture.layers }, (_, layer) => {
    const entries = chosen.map((projection): [Projection, LowRankPair] => {
      const [outputs, inputs] = projectionShape(architecture, projection);
      const values = (name: string, shape: number[]): Float32Array =>
        Float32Array.from(madeUpValues(`${layer}.${projection}.${name}`, shape));
      return [projection, { a: values('a', [rank, inputs]), b: values('b', [outputs, rank]) }];
    });
    return Object.fromEntries(entries);
  });
  return { rank, alpha: 6.5, projections: chosen, layers, head };
}

const head = { weight: Float32Array.from(madeUpValues('score', [24])), bias: 0.75 };

test.each<[string, Adapter]>([
  ['every projection', madeUpAdapter(projections, null)],
  ['query and value alone', madeUpAdapter(['query', 'value'], null)],
  ['a preference model', madeUpAdapter(projections, head)],
  ['a head without bias', madeUpAdapter(['down'], { ...head, bias: 0 })],
])('%s comes back as it was written', async (_name, adapter) => {
  const files = await encodeAdapter(adapter, architecture, 'owner/base');
  expect(await decodeAdapter(files, architecture, 'x')).toEqual({ adapter, baseModel: 'owner/base' });
  expect(await encodeAdapter(adapter, architecture, 'owner/base')).toEqual(files);
});

test("names, shapes and fields are PEFT's", async () => {
  const files = await encodeAdapter(madeUpAdapter(projections, head), architecture, 'owner/base');
  const reader = await parseSafetensors(files.weights, 'x');
  const shapes = Object.fromEntries(
    [...reader.entries.values()].map(({ name, shape }) => [name, shape.join('x')]),
  );
  await reader.close();
  const layer = (index: number): Record<string, string> => {
    const prefix = `base_model.model.model.layers.${index}`;
    return {
      [`${prefix}.self_attn.q_proj.lora_A.weight`]: '3x24',
      [`${prefix}.self_attn.q_proj.lora_B.weight`]: '60x3',
      [`${prefix}.self_attn.k_proj.lora_A.weight`]: '3x24',
      [`${prefix}.self_attn.k_proj.lora_B.weight`]: '20x3',
      [`${prefix}.self_attn.v_proj.lora_A.weight`]: '3x24',
      [`${prefix}.self_attn.v_proj.lora_B.weight`]: '20x3',
      [`${prefix}.self_attn.o_proj.lora_A.weight`]: '3x60',
      [`${prefix}.self_attn.o_proj.lora_B.weight`]: '24x3',
      [`${prefix}.mlp.gate_proj.lora_A.weight`]: '3x24',
      [`${prefix}.mlp.gate_proj.lora_B.weight`]: '40x3',
      [`${prefix}.mlp.up_proj.lora_A.weight`]: '3x24',
      [`${prefix}.mlp.up_proj.lora_B.weight`]: '40x3',
      [`${prefix}.mlp.down_proj.lora_A.weight`]: '3x40',
      [`${prefix}.mlp.down_proj.lora_B.weight`]: '24x3',
    };
  };
  expect(shapes).toEqual({
    ...layer(0),
    ...layer(1),
    'base_model.model.score.weight': '1x24',
    'base_model.model.score.bias': '1',
  });
  const config = JSON.parse(Buffer.from(files.config).toString()) as unknown;
  expect(config).toMatchObject({
    base_model_name_or_path: 'owner/base',
    bias: 'none',
    lora_alpha: 6.5,
    modules_to_save: ['score'],
    peft_type: 'LORA',
    r: 3,
    target_modules: ['down_proj', 'gate_proj', 'k_proj', 'o_proj', 'q_proj', 'up_proj', 'v_proj'],
    task_type: 'SEQ_CLS',
  });
});

/** Files as another program might have written them: the made-up ones with changes. */
async function changed(
  change: Record<string, unknown>,
  options: { without?: string; extra?: string; from?: Adapter } = {},
): Promise<{ config: Uint8Array; weights: Uint8Array }> {
  const files = await encodeAdapter(
    options.from ?? madeUpAdapter(['query', 'value'], null),
    architecture,
    'b',
  );
  const config = { ...(JSON.parse(Buffer.from(files.config).toString()) as object), ...change };
  const reader = await parseSafetensors(files.weights, 'x');
  const tensors = await Promise.all(
    [...reader.entries.values()]
      .filter(({ name }) => name !== options.without)
      .map(async ({ name, shape }) => ({ name, shape, values: [...(await reader.readElements(name))] })),
  );
  if (options.extra !== undefined) tensors.push({ name: options.extra, shape: [1], values: [1] });
  return { config: Buffer.from(JSON.stringify(config)), weights: safetensorsBytes(tensors, 'F32') };
}

describe('files of another program', () => {
  test('an adapter that PEFT saved, with full module names and fields of its own, is read', async () => {
    const files = await changed({
      target_modules: ['self_attn.q_proj', 'v_proj'],
      eva_config: null,
      megatron_core: 'megatron.core',
      lora_dropout: 0.1,
      task_type: null,
      base_model_name_or_path: null,
    });
    const { adapter, baseModel } = await decodeAdapter(files, architecture, 'x');
    expect(adapter).toEqual(madeUpAdapter(['query', 'value'], null));
    expect(baseModel).toBe('');
  });

  test('a classifier as PEFT saves it, both names of its head in modules_to_save', async () => {
    const from = madeUpAdapter(['query'], { ...head, bias: 0 });
    const files = await changed({ modules_to_save: ['classifier', 'score', 'score'] }, { from });
    expect((await decodeAdapter(files, architecture, 'x')).adapter).toEqual(from);
  });

  test.each<[string, Record<string, unknown>, RegExp]>([
    ['replicated layers', { layer_replication: [[0, 2]] }, /layer_replication/],
    ['another method', { peft_type: 'IA3' }, /adapter_config\.json: peft_type: /],
    ['no rank', { r: undefined }, /adapter_config\.json: r: /],
    ['an absurd rank', { r: 1e9 }, /adapter_config\.json: r: /],
    [
      'another rank',
      { r: 4 },
      /q_proj\.lora_A\.weight: has shape \[3, 24\], this base model asks for \[4, 24\]/,
    ],
    ['DoRA', { use_dora: true }, /use_dora/],
    ['rank-stabilised scaling', { use_rslora: true }, /use_rslora/],
    ['trained biases', { bias: 'all' }, /adapter_config\.json: bias/],
    ['ranks of their own', { rank_pattern: { q_proj: 4 } }, /rank_pattern/],
    ['some layers only', { layers_to_transform: [0] }, /layers_to_transform/],
    [
      'the embedding',
      { target_modules: ['embed_tokens'] },
      /target_modules: names "embed_tokens", which is none of q_proj/,
    ],
    [
      'a missing projection',
      { target_modules: ['q_proj', 'v_proj', 'k_proj'] },
      /k_proj\.lora_A\.weight: is not in the file/,
    ],
    [
      'one projection too many',
      { target_modules: ['q_proj'] },
      /v_proj\.lora_A\.weight: has no place in this base model/,
    ],
    ['no head', { task_type: 'SEQ_CLS' }, /score\.weight: is missing though/],
    ['another saved module', { modules_to_save: ['lm_head'] }, /modules_to_save/],
  ])('refuses %s', async (_name, change, message) => {
    const failure = decodeAdapter(await changed(change), architecture, 'x');
    await expect(failure).rejects.toThrow(ModelFileError);
    await expect(failure).rejects.toThrow(message);
  });

  test('a missing and an unknown tensor', async () => {
    const name = 'base_model.model.model.layers.1.self_attn.v_proj.lora_B.weight';
    await expect(decodeAdapter(await changed({}, { without: name }), architecture, 'x')).rejects.toThrow(
      `${path.join('x', 'adapter_model.safetensors')}: ${name}: is not in the file`,
    );
    const more = await changed({}, { extra: 'base_model.model.lm_head.lora_A.weight' });
    await expect(decodeAdapter(more, architecture, 'x')).rejects.toThrow(
      /lm_head\.lora_A\.weight: has no place/,
    );
  });

  test('the adapter of another base', async () => {
    const files = await encodeAdapter(madeUpAdapter(projections, null), architecture, 'b');
    await expect(decodeAdapter(files, { ...architecture, keyValueHeads: 3 }, 'x')).rejects.toThrow(
      /k_proj\.lora_B\.weight: has shape \[20, 3\], this base model asks for \[30, 3\]\. Use the adapter with the base/,
    );
    await expect(decodeAdapter(files, { ...architecture, layers: 1 }, 'x')).rejects.toThrow(
      /layers\.1.*has no place/,
    );
    await expect(
      decodeAdapter(files, { ...architecture, rope: { ...architecture.rope, layout: 'interleaved' } }, 'x'),
    ).rejects.toThrow(/rope_layout: was trained on a base with half rotary layout, this one has interleaved/);
  });

  test('NaN', async () => {
    const adapter = madeUpAdapter(['query'], null);
    const pair = adapter.layers[0]?.query;
    pair?.a.fill(NaN);
    const files = await encodeAdapter(adapter, architecture, 'b');
    await expect(decodeAdapter(files, architecture, 'x')).rejects.toThrow(
      /q_proj\.lora_A\.weight: holds NaN/,
    );
  });
});

test('an adapter that does not fill its base is an error of the caller', async () => {
  const adapter = madeUpAdapter(['query'], null);
  await expect(
    encodeAdapter({ ...adapter, layers: adapter.layers.slice(1) }, architecture, 'b'),
  ).rejects.toThrow('the adapter has 1 layers, the base 2');
  await expect(encodeAdapter({ ...adapter, projections: ['key'] }, architecture, 'b')).rejects.toThrow(
    'layer 0 of the adapter has no key',
  );
  await expect(encodeAdapter({ ...adapter, rank: 2 }, architecture, 'b')).rejects.toThrow(
    /has 72 elements, its shape 48/,
  );
  await expect(encodeSafetensors([])).resolves.toBeInstanceOf(Uint8Array);
});
