/** What a model is called outside: the family whose files say what its architecture record says. */
import { ExportError } from '../../shared/export/export-error.ts';
import type { Architecture } from '../llama/model/architecture.ts';
import { type Difference, differences } from './differences.ts';
import { gemma2Config, gemma3Config, gemmaConfig, phi3Config } from './family-config.ts';

export interface Family {
  /** Hugging Face's model_type. */
  readonly modelType: string;
  /** How the names of its classes begin: `Llama` of LlamaForCausalLM. */
  readonly classes: string;
  /** llama.cpp's name of it. */
  readonly gguf: string;
  /** All that every model of it differs in from LLaMA-2. */
  readonly differs: readonly Difference[];
  /** In what some models of it do. */
  readonly mayDiffer?: readonly Difference[];
  /** Fields of config.json beside those of every family. */
  readonly config: (architecture: Architecture) => Readonly<Record<string, unknown>>;
}

const GEMMA_DIFFERS: readonly Difference[] = [
  'norms of inputs and outputs',
  'a scale of embeddings',
  'another activation',
  'windows',
];

const FAMILIES: readonly Family[] = [
  {
    modelType: 'llama',
    classes: 'Llama',
    gguf: 'llama',
    differs: [],
    config: () => ({ attention_bias: false, mlp_bias: false }),
  },
  {
    modelType: 'llama',
    classes: 'Llama',
    gguf: 'llama',
    differs: ['biases of query, key and value', 'a bias of the attention output'],
    config: () => ({ attention_bias: true, mlp_bias: false }),
  },
  {
    modelType: 'llama',
    classes: 'Llama',
    gguf: 'llama',
    differs: [
      'biases of query, key and value',
      'a bias of the attention output',
      'biases of the feed-forward layers',
    ],
    config: () => ({ attention_bias: true, mlp_bias: true }),
  },
  {
    modelType: 'mistral',
    classes: 'Mistral',
    gguf: 'llama',
    differs: ['windows'],
    config: ({ windows }) => ({ sliding_window: windows?.[0] ?? null }),
  },
  {
    modelType: 'qwen2',
    classes: 'Qwen2',
    gguf: 'qwen2',
    differs: ['biases of query, key and value'],
    config: () => ({ use_sliding_window: false }),
  },
  {
    modelType: 'qwen3',
    classes: 'Qwen3',
    gguf: 'qwen3',
    differs: ['norms of queries and keys by head'],
    config: () => ({ attention_bias: false, use_sliding_window: false }),
  },
  {
    modelType: 'smollm3',
    classes: 'SmolLM3',
    gguf: 'smollm3',
    differs: ['layers without rotary embedding'],
    config: ({ layers, rope }) => ({
      no_rope_layers: Array.from({ length: layers }, (_, layer) =>
        rope.layersWithout.includes(layer) ? 0 : 1,
      ),
      use_sliding_window: false,
    }),
  },
  {
    modelType: 'olmo2',
    classes: 'Olmo2',
    gguf: 'olmo2',
    differs: ['norms of queries and keys over the width', 'norms of outputs alone'],
    config: () => ({ attention_bias: false }),
  },
  {
    modelType: 'phi3',
    classes: 'Phi3',
    gguf: 'phi3',
    differs: [],
    mayDiffer: ['a rotary embedding of a part of the head', 'longrope', 'windows'],
    config: phi3Config,
  },
  {
    modelType: 'gemma',
    classes: 'Gemma',
    gguf: 'gemma',
    differs: ['a scale of embeddings', 'another activation'],
    config: gemmaConfig,
  },
  {
    modelType: 'gemma2',
    classes: 'Gemma2',
    gguf: 'gemma2',
    differs: [...GEMMA_DIFFERS, 'soft caps'],
    mayDiffer: ['a scale of attention scores'],
    config: gemma2Config,
  },
  {
    modelType: 'gemma3_text',
    classes: 'Gemma3',
    gguf: 'gemma3',
    differs: [
      ...GEMMA_DIFFERS,
      'norms of queries and keys by head',
      'a rotary embedding of its own for windows',
    ],
    mayDiffer: ['a scale of attention scores', 'soft caps'],
    config: gemma3Config,
  },
];

/**
 * @param modelType what the model's own config.json calls its family, which decides where several would do
 * @throws ExportError naming what no family that is written has
 */
export function familyOf(architecture: Architecture, modelType: string | null): Family {
  const found = differences(architecture);
  const fit = FAMILIES.filter(
    ({ differs, mayDiffer = [] }) =>
      differs.every((one) => found.includes(one)) &&
      found.every((one) => differs.includes(one) || mayDiffer.includes(one)),
  );
  const family = fit.find((one) => one.modelType === modelType) ?? fit[0];
  if (family !== undefined) return family;
  throw new ExportError(`no family that can be written has, beside what LLaMA-2 has, ${found.join(', ')}`, {
    cure: 'Ask for peft, and put the adapter on the model that the base was made from',
  });
}
