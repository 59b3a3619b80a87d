/** config.json of a Hugging Face folder to the architecture record; what the engine cannot run is refused by name. */
import path from 'node:path';
import { z } from 'zod';
import { type Architecture, LLAMA, validateArchitecture } from '../model/architecture.ts';
import { checkedBy, readJsonFile } from '../../files/files.ts';
import { ModelFileError } from '../../files/model-file-error.ts';
import { hasCode } from '../../../shared/caught.ts';
import { type Config, configSchema, type RefuseConfig } from './families/config-fields.ts';
import type { Family } from './families/family.ts';
import { readRotation } from './families/rope.ts';
import { families } from './families/table.ts';

const MAXIMUM_CONFIG_BYTES = 1024 * 1024;

const cure = 'Use a checkpoint with its own config.json';

const id = z.int();

const generationSchema = z.looseObject({ eos_token_id: z.union([id, z.array(id)]).nullish() });

/** What config.json says. */
export interface HuggingFaceConfiguration {
  /** `tiedEmbedding` is what the file says; the weights may have a head of their own all the same. */
  readonly architecture: Architecture;
  readonly family: Family;
}

/**
 * Reads and checks `config.json` of a folder; a `generation_config.json` beside it adds end tokens.
 *
 * @throws ModelFileError naming the field that is missing, wrong or not supported
 */
export async function readHuggingFaceConfiguration(folder: string): Promise<HuggingFaceConfiguration> {
  const file = path.join(folder, 'config.json');
  const refuse: RefuseConfig = (field, fault, ownCure = cure) => {
    throw new ModelFileError(file, field, fault, ownCure);
  };
  const { config, family } = parseConfig(await readJsonFile(file, MAXIMUM_CONFIG_BYTES, cure), file, refuse);
  const architecture = architectureOf(config, family, refuse);
  // A token that was added without resizing the embedding (a [PAD], often) has no row: it is never sampled and never read.
  const within = (tokens: readonly number[]): number[] =>
    tokens.filter((token) => token < architecture.vocabularySize);
  const ends = [...list(config.eos_token_id), ...(await generationEndTokens(folder))];
  const eosTokens = within([...new Set(ends)]);
  const record: Architecture = {
    ...architecture,
    bosToken: within(list(config.bos_token_id))[0] ?? null,
    eosTokens,
    padToken: within(list(config.pad_token_id))[0] ?? eosTokens[0] ?? 0,
  };
  return { architecture: validateArchitecture(record, file), family };
}

/** The fields of the file over its family's defaults. */
function parseConfig(
  value: Readonly<Record<string, unknown>>,
  file: string,
  refuse: RefuseConfig,
): { config: Config; family: Family } {
  refuseQuantised(value, refuse);
  const type = value['model_type'];
  if (typeof type !== 'string') return refuse('model_type', 'is not the name of a family');
  const family = families.get(type);
  if (family === undefined) {
    const isMixture = /moe|mixtral/i.test(type) ? ', a mixture of experts' : '';
    const fault = `is ${JSON.stringify(type.slice(0, 40))}${isMixture}, which does not open`;
    return refuse('model_type', fault, `These open: ${[...families.keys()].join(', ')}`);
  }
  // Models that also see keep what concerns their text in an object of its own, beside what concerns the whole.
  const { text_config: text, ...whole } = value;
  const fields = typeof text === 'object' && text !== null ? { ...whole, ...text } : whole;
  for (const field of ['num_local_experts', 'num_experts', 'n_routed_experts']) {
    const experts = fields[field];
    if (typeof experts === 'number' && experts > 1)
      refuse(field, `is ${experts}: a mixture of experts does not open`);
  }
  return { config: checkedBy(configSchema, { ...family.defaults, ...fields }, file, cure), family };
}

function refuseQuantised(config: Readonly<Record<string, unknown>>, refuse: RefuseConfig): void {
  const quantisation = config['quantization_config'] ?? null;
  if (quantisation === null) return;
  const method =
    typeof quantisation === 'object' && 'quant_method' in quantisation ? quantisation.quant_method : null;
  const name = typeof method === 'string' ? ` (${method.slice(0, 40)})` : '';
  refuse(
    'quantization_config',
    `says that the weights are already quantised${name}`,
    'Use the fp32, fp16 or bf16 weights of the model',
  );
}

/** All of the record but the special tokens. */
function architectureOf(
  config: Config,
  family: Family,
  refuse: RefuseConfig,
): Omit<Architecture, 'bosToken' | 'eosTokens' | 'padToken'> {
  const { hidden_size: hiddenSize, num_attention_heads: heads } = config;
  const headSize = config.head_dim ?? hiddenSize / heads;
  if (!Number.isInteger(headSize))
    refuse('num_attention_heads', `${heads} heads do not divide hidden_size ${hiddenSize}`);
  if (config.use_bidirectional_attention)
    refuse('use_bidirectional_attention', 'is set: tokens that see later ones cannot be sampled one by one');
  const differences = family.differences?.(config, refuse) ?? {};
  const { normPlacement = 'input', windows = null } = differences;
  const { rope, maximumPositions } = readRotation(config, headSize, differences, refuse);
  return {
    vocabularySize: config.vocab_size,
    hiddenSize,
    intermediateSize: config.intermediate_size,
    layers: config.num_hidden_layers,
    heads,
    keyValueHeads: config.num_key_value_heads ?? heads,
    headSize,
    maximumPositions,
    biases: differences.biases ?? LLAMA.biases,
    queryKeyNorm: differences.queryKeyNorm ?? LLAMA.queryKeyNorm,
    norm: { epsilon: config.rms_norm_eps, placement: normPlacement },
    rope,
    attentionScale: differences.attentionScale ?? LLAMA.attentionScale,
    // A window as long as the model's positions is none, unless its layers rotate in their own way.
    windows:
      rope.local === null && windows?.every((window) => window === null || window >= maximumPositions)
        ? null
        : windows,
    softCaps: differences.softCaps ?? LLAMA.softCaps,
    embeddingScale: differences.embeddingScale ?? LLAMA.embeddingScale,
    activation: differences.activation ?? activationOf(config, refuse),
    tiedEmbedding: config.tie_word_embeddings === true,
  };
}

const ACTIVATIONS: ReadonlyMap<string, Architecture['activation']> = new Map([
  ['silu', 'silu'],
  ['swish', 'silu'],
  ['gelu', 'gelu'],
  ['gelu_new', 'gelu-tanh'],
  ['gelu_pytorch_tanh', 'gelu-tanh'],
]);

/** Gemma's `hidden_activation` comes before `hidden_act`, which its early files keep beside it with another meaning. */
function activationOf(config: Config, refuse: RefuseConfig): Architecture['activation'] {
  const field = config.hidden_activation ? 'hidden_activation' : 'hidden_act';
  const name = String(config[field]).slice(0, 40);
  return (
    ACTIVATIONS.get(name) ?? refuse(field, `is ${name}; these open: ${[...ACTIVATIONS.keys()].join(', ')}`)
  );
}

/** Token ids of a field; some checkpoints write -1 for "none". */
function list(value: number | number[] | null | undefined): number[] {
  return value === null || value === undefined ? [] : [value].flat().filter((token) => token >= 0);
}

async function generationEndTokens(folder: string): Promise<number[]> {
  const file = path.join(folder, 'generation_config.json');
  let value;
  try {
    value = await readJsonFile(file, MAXIMUM_CONFIG_BYTES, 'Correct or delete it; it is optional');
  } catch (error) {
    if (error instanceof ModelFileError && hasCode(error.cause, 'ENOENT')) return [];
    throw error;
  }
  const parsed = generationSchema.safeParse(value);
  if (!parsed.success) {
    throw new ModelFileError(
      file,
      'eos_token_id',
      'is not an id or a list of ids',
      'Correct or delete the file',
    );
  }
  return list(parsed.data.eos_token_id);
}
