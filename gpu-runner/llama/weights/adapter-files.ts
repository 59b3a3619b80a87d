/** LoRA adapters as PEFT writes and reads them: adapter_config.json and adapter_model.safetensors. */
import path from 'node:path';
import { z } from 'zod';
import {
  type Adapter,
  type LowRankPair,
  type Projection,
  projections,
  projectionShape,
} from '../model/adapter.ts';
import type { Architecture } from '../model/architecture.ts';
import { ADAPTER_CONFIG_KEY } from '../../../shared/export/adapter-source.ts';
import { checkedBy, parseJsonObject } from '../../files/files.ts';
import { ModelFileError } from '../../files/model-file-error.ts';
import { parseSafetensors, type SafetensorsReader } from './safetensors-reader.ts';
import { encodeSafetensors, type TensorToWrite } from './safetensors-writer.ts';

const ADAPTER_CONFIG_FILE = 'adapter_config.json';
const ADAPTER_WEIGHTS_FILE = 'adapter_model.safetensors';

const MAXIMUM_RANK = 4096;
const PREFIX = 'base_model.model.';
const HEAD = `${PREFIX}score`;
const cure = 'Save the adapter again with PEFT as plain LoRA on the linear layers of this base model';

/** The projections by their PEFT names. */
const peftNames: Readonly<Record<Projection, string>> = {
  query: 'self_attn.q_proj',
  key: 'self_attn.k_proj',
  value: 'self_attn.v_proj',
  attentionOutput: 'self_attn.o_proj',
  gate: 'mlp.gate_proj',
  up: 'mlp.up_proj',
  down: 'mlp.down_proj',
};

/** The two files of an adapter. */
export interface AdapterFiles {
  readonly config: Uint8Array;
  readonly weights: Uint8Array;
}

/**
 * The files of an adapter. The same adapter gives the same bytes.
 *
 * A preference or value model is written as LlamaForSequenceClassification with one label, its head as PEFT's
 * modules_to_save; that class has no bias, so a bias that is not zero is kept under a name which PEFT passes over.
 * The adapter belongs to its base's rotary layout: on a llama2.c base the rows of query and key B are interleaved, and
 * the metadata say so.
 *
 * @param baseModel hub id or name of the base, for base_model_name_or_path
 */
export async function encodeAdapter(
  adapter: Adapter,
  architecture: Architecture,
  baseModel: string,
): Promise<AdapterFiles> {
  const tensors: TensorToWrite[] = [];
  const add = (name: string, shape: readonly number[], values: Float32Array): void => {
    tensors.push({ name, dtype: 'F32', shape, values: () => values });
  };
  for (const [layer, pairs] of adapter.layers.entries()) {
    for (const projection of adapter.projections) {
      const pair = pairs[projection];
      if (pair === undefined) throw new RangeError(`layer ${layer} of the adapter has no ${projection}`);
      const [outputs, inputs] = projectionShape(architecture, projection);
      const name = peftTensorName(layer, projection);
      add(`${name}.lora_A.weight`, [adapter.rank, inputs], pair.a);
      add(`${name}.lora_B.weight`, [outputs, adapter.rank], pair.b);
    }
  }
  if (adapter.layers.length !== architecture.layers) {
    throw new RangeError(`the adapter has ${adapter.layers.length} layers, the base ${architecture.layers}`);
  }
  if (adapter.head !== null) {
    add(`${HEAD}.weight`, [1, architecture.hiddenSize], adapter.head.weight);
    if (adapter.head.bias !== 0) add(`${HEAD}.bias`, [1], Float32Array.of(adapter.head.bias));
  }
  const config = {
    alpha_pattern: {},
    auto_mapping: null,
    base_model_name_or_path: baseModel,
    bias: 'none',
    fan_in_fan_out: false,
    inference_mode: true,
    init_lora_weights: true,
    layers_pattern: null,
    layers_to_transform: null,
    lora_alpha: adapter.alpha,
    lora_dropout: 0,
    modules_to_save: adapter.head === null ? null : ['score'],
    peft_type: 'LORA',
    r: adapter.rank,
    rank_pattern: {},
    revision: null,
    target_modules: adapter.projections
      .map((projection) => peftNames[projection].replace(/^.*\./, ''))
      .sort(),
    task_type: adapter.head === null ? 'CAUSAL_LM' : 'SEQ_CLS',
    use_dora: false,
    use_rslora: false,
  };
  const text = `${JSON.stringify(config, null, 2)}\n`;
  const metadata = { format: 'pt', rope_layout: architecture.rope.layout, [ADAPTER_CONFIG_KEY]: text };
  return { config: Buffer.from(text), weights: await encodeSafetensors(tensors, metadata) };
}

const configSchema = z.looseObject({
  peft_type: z.literal('LORA'),
  r: z.int().min(1).max(MAXIMUM_RANK),
  lora_alpha: z.number().positive().max(1e6),
  target_modules: z.array(z.string()).min(1).max(64),
  base_model_name_or_path: z.string().nullish(),
  task_type: z.enum(['CAUSAL_LM', 'SEQ_CLS']).nullish(),
  // PEFT itself writes both names for a sequence classifier, whichever the model has.
  modules_to_save: z
    .array(z.enum(['score', 'classifier']))
    .max(8)
    .nullish(),
  bias: z.literal('none').default('none'),
  fan_in_fan_out: z.literal(false).default(false),
  use_dora: z.literal(false).default(false),
  use_rslora: z.literal(false).default(false),
  rank_pattern: z.strictObject({}).nullish(),
  alpha_pattern: z.strictObject({}).nullish(),
  layers_to_transform: z.null().optional(),
  layer_replication: z.null().optional(),
  alora_invocation_tokens: z.null().optional(),
});

/** Reads the two files of an adapter. @param name folder or artifact that errors name @throws ModelFileError */
export async function decodeAdapter(
  files: AdapterFiles,
  architecture: Architecture,
  name: string,
): Promise<{ adapter: Adapter; baseModel: string }> {
  const file = path.join(name, ADAPTER_CONFIG_FILE);
  const config = checkedBy(configSchema, parseJsonObject(files.config, file, null, cure), file, cure);
  const { r: rank, lora_alpha: alpha, base_model_name_or_path: baseModel } = config;
  const adapted = targetProjections(config.target_modules, file);
  const reader = await parseSafetensors(files.weights, path.join(name, ADAPTER_WEIGHTS_FILE));
  const layout = reader.metadata.get('rope_layout');
  if (layout !== undefined && layout !== architecture.rope.layout) {
    const fault = `was trained on a base with ${layout} rotary layout, this one has ${architecture.rope.layout}`;
    throw new ModelFileError(
      reader.file,
      'rope_layout',
      fault,
      'Use it with the base model it was trained on',
    );
  }
  const unread = new Set(reader.entries.keys());
  const take = async (tensor: string, shape: readonly number[]): Promise<Float32Array> => {
    unread.delete(tensor);
    return await readTensor(reader, tensor, shape);
  };
  const layers: Partial<Record<Projection, LowRankPair>>[] = [];
  for (let layer = 0; layer < architecture.layers; layer++) {
    const pairs: Partial<Record<Projection, LowRankPair>> = {};
    for (const projection of adapted) {
      const [outputs, inputs] = projectionShape(architecture, projection);
      const tensor = peftTensorName(layer, projection);
      pairs[projection] = {
        a: await take(`${tensor}.lora_A.weight`, [rank, inputs]),
        b: await take(`${tensor}.lora_B.weight`, [outputs, rank]),
      };
    }
    layers.push(pairs);
  }
  let head: Adapter['head'] = null;
  if (reader.entries.has(`${HEAD}.weight`)) {
    const weight = await take(`${HEAD}.weight`, [1, architecture.hiddenSize]);
    const [bias = 0] = reader.entries.has(`${HEAD}.bias`) ? await take(`${HEAD}.bias`, [1]) : [];
    head = { weight, bias };
  } else if (config.task_type === 'SEQ_CLS') {
    throw new ModelFileError(
      reader.file,
      `${HEAD}.weight`,
      'is missing though the adapter is a SEQ_CLS one',
      cure,
    );
  }
  for (const tensor of unread)
    throw new ModelFileError(reader.file, tensor, 'has no place in this base model', cure);
  return { adapter: { rank, alpha, projections: adapted, layers, head }, baseModel: baseModel ?? '' };
}

function peftTensorName(layer: number, projection: Projection): string {
  return `${PREFIX}model.layers.${layer}.${peftNames[projection]}`;
}

function targetProjections(targets: readonly string[], file: string): Projection[] {
  const known = new Map(
    projections.map((projection) => [peftNames[projection].replace(/^.*\./, ''), projection]),
  );
  const found = new Set<Projection>();
  for (const target of targets) {
    const projection = known.get(target.replace(/^.*\./, ''));
    if (projection === undefined) {
      const fault = `names ${JSON.stringify(target.slice(0, 80))}, which is none of ${[...known.keys()].join(', ')}`;
      throw new ModelFileError(file, 'target_modules', fault, cure);
    }
    found.add(projection);
  }
  return projections.filter((projection) => found.has(projection));
}

async function readTensor(
  reader: SafetensorsReader,
  tensor: string,
  shape: readonly number[],
): Promise<Float32Array> {
  const found = reader.entry(tensor).shape;
  if (found.join() !== shape.join()) {
    throw new ModelFileError(
      reader.file,
      tensor,
      `has shape [${found.join(', ')}], this base model asks for [${shape.join(', ')}]`,
      'Use the adapter with the base model it was trained on',
    );
  }
  return await reader.readElements(tensor);
}
