/** config.json of a Hugging Face LLaMA to the architecture record; what the engine cannot run is refused by name. */
import path from 'node:path';
import { z } from 'zod';
import { type Architecture, type RopeScaling, validateArchitecture, LLAMA } from '../model/architecture.ts';
import { checkedBy, readJsonFile } from '../../files/files.ts';
import { ModelFileError } from '../../files/model-file-error.ts';
import { hasCode } from '../../../shared/caught.ts';

const MAXIMUM_CONFIG_BYTES = 1024 * 1024;

const cure = 'Use a LLaMA checkpoint with its own config.json';

const id = z.int().min(0);

/** The fields that matter; the file holds others, which is why unknown ones are let through here. */
const configSchema = z.looseObject({
  model_type: z.string(),
  vocab_size: z.int(),
  hidden_size: z.int(),
  intermediate_size: z.int(),
  num_hidden_layers: z.int(),
  num_attention_heads: z.int().min(1),
  num_key_value_heads: z.int().nullish(),
  head_dim: z.int().nullish(),
  hidden_act: z.string().default('silu'),
  max_position_embeddings: z.int().default(2048),
  rms_norm_eps: z.number().default(1e-6),
  rope_theta: z.number().nullish(),
  rope_scaling: z.record(z.string(), z.unknown()).nullish(),
  rope_parameters: z.record(z.string(), z.unknown()).nullish(),
  tie_word_embeddings: z.boolean().default(false),
  attention_bias: z.boolean().nullish(),
  mlp_bias: z.boolean().nullish(),
  bos_token_id: id.nullish(),
  eos_token_id: z.union([id, z.array(id)]).nullish(),
  pad_token_id: z.int().nullish(),
  quantization_config: z.unknown().optional(),
});

const generationSchema = z.looseObject({ eos_token_id: z.union([id, z.array(id)]).nullish() });

type Config = z.infer<typeof configSchema>;

/** What config.json says, and what only the weights can tell. */
export interface HuggingFaceConfiguration {
  readonly architecture: Architecture;
  /** Whether the file allows bias vectors; then the checkpoint's must be zero or absent. */
  readonly allowsBias: boolean;
}

/**
 * Reads and checks `config.json` of a folder; a `generation_config.json` beside it adds end tokens.
 *
 * @throws ModelFileError naming the field that is missing, wrong or not supported
 */
export async function readHuggingFaceConfiguration(folder: string): Promise<HuggingFaceConfiguration> {
  const file = path.join(folder, 'config.json');
  const config = parseConfig(await readJsonFile(file, MAXIMUM_CONFIG_BYTES, cure), file);
  const { hidden_size: hiddenSize, num_attention_heads: heads } = config;
  const headSize = config.head_dim ?? hiddenSize / heads;
  if (!Number.isInteger(headSize)) {
    throw new ModelFileError(
      file,
      'num_attention_heads',
      `${heads} heads do not divide hidden_size ${hiddenSize}`,
      cure,
    );
  }
  const maximumPositions = config.max_position_embeddings;
  const eosTokens = [...new Set([...list(config.eos_token_id), ...(await generationEndTokens(folder))])];
  const padToken = config.pad_token_id ?? -1;
  const architecture = validateArchitecture(
    {
      vocabularySize: config.vocab_size,
      hiddenSize,
      intermediateSize: config.intermediate_size,
      layers: config.num_hidden_layers,
      heads,
      keyValueHeads: config.num_key_value_heads ?? heads,
      headSize,
      maximumPositions,
      ...LLAMA,
      norm: { ...LLAMA.norm, epsilon: config.rms_norm_eps },
      rope: {
        ...LLAMA.rope,
        rotarySize: headSize,
        theta: ropeTheta(config, file),
        scaling: ropeScaling(config, file),
      },
      tiedEmbedding: config.tie_word_embeddings,
      bosToken: config.bos_token_id ?? null,
      eosTokens,
      // Some checkpoints write -1 for "none".
      padToken: padToken >= 0 ? padToken : (eosTokens[0] ?? 0),
    },
    file,
  );
  return { architecture, allowsBias: config.attention_bias === true || config.mlp_bias === true };
}

function parseConfig(value: Record<string, unknown>, file: string): Config {
  const config = checkedBy(configSchema, value, file, cure);
  if (config.model_type !== 'llama') {
    const fault = `is ${JSON.stringify(config.model_type.slice(0, 40))}; only the LLaMA architecture is supported`;
    throw new ModelFileError(file, 'model_type', fault, cure);
  }
  if (config.hidden_act !== 'silu' && config.hidden_act !== 'swish') {
    throw new ModelFileError(
      file,
      'hidden_act',
      `is ${config.hidden_act.slice(0, 40)}, LLaMA has silu`,
      cure,
    );
  }
  if (config.quantization_config !== undefined && config.quantization_config !== null) {
    const fault = 'says that the weights are already quantised';
    throw new ModelFileError(
      file,
      'quantization_config',
      fault,
      'Use the fp32, fp16 or bf16 weights of the model',
    );
  }
  return config;
}

function list(value: number | number[] | null | undefined): number[] {
  return value === null || value === undefined ? [] : [value].flat();
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

/** `rope_parameters` (newer files) holds theta and scaling together; `rope_theta` and `rope_scaling` are the older form. */
function ropeTheta(config: Config, file: string): number {
  const theta = config.rope_parameters?.['rope_theta'] ?? config.rope_theta ?? 10_000;
  if (typeof theta !== 'number') throw new ModelFileError(file, 'rope_theta', 'is not a number', cure);
  return theta;
}

function ropeScaling(config: Config, file: string): RopeScaling | null {
  const scaling = config.rope_parameters ?? config.rope_scaling;
  if (scaling === null || scaling === undefined) return null;
  const field = config.rope_parameters === undefined ? 'rope_scaling' : 'rope_parameters';
  const number = (name: string): number => {
    const value = scaling[name];
    if (typeof value === 'number') return value;
    throw new ModelFileError(file, `${field}.${name}`, 'is not a number', cure);
  };
  const kind = scaling['rope_type'] ?? scaling['type'] ?? 'default';
  switch (kind) {
    case 'default':
      return null;
    case 'linear':
      return { kind: 'linear', factor: number('factor') };
    case 'llama3':
      return {
        kind: 'llama3',
        factor: number('factor'),
        lowFrequencyFactor: number('low_freq_factor'),
        highFrequencyFactor: number('high_freq_factor'),
        originalMaximumPositions: number('original_max_position_embeddings'),
      };
    default:
      throw new ModelFileError(
        file,
        `${field}.rope_type`,
        `is ${JSON.stringify(kind)?.slice(0, 40)}`,
        'Supported are default, linear and llama3; use a checkpoint with one of them',
      );
  }
}
