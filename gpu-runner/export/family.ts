/** What a model is called outside: the family whose files say what its architecture record says. */
import { ExportError } from '../../shared/export/export-error.ts';
import type { Architecture } from '../llama/model/architecture.ts';
import { type Difference, differences } from './differences.ts';

export interface Family {
  /** Hugging Face's model_type. */
  readonly modelType: string;
  /** How the names of its classes begin: `Llama` of LlamaForCausalLM. */
  readonly classes: string;
  /** llama.cpp's name of it; null where no GGUF of it is written here. */
  readonly gguf: string | null;
  /** All that it differs in from LLaMA-2. */
  readonly differs: readonly Difference[];
  /** Fields of config.json beside those of every family; null where only the model's own file will do. */
  readonly config: ((architecture: Architecture) => Readonly<Record<string, unknown>>) | null;
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
    gguf: null,
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
    gguf: null,
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
    modelType: 'gemma2',
    classes: 'Gemma2',
    differs: [...GEMMA_DIFFERS, 'soft caps'],
    gguf: null,
    config: null,
  },
  {
    modelType: 'gemma3_text',
    classes: 'Gemma3',
    differs: [
      ...GEMMA_DIFFERS,
      'norms of queries and keys by head',
      'a rotary embedding of its own for windows',
    ],
    gguf: null,
    config: null,
  },
];

/** Differences that each layer of a family says for itself, in the file that its base keeps. */
const OPTIONAL: ReadonlySet<Difference> = new Set(['a scale of attention scores']);

/** @throws ExportError naming what no family that is written has */
export function familyOf(architecture: Architecture): Family {
  const found = differences(architecture);
  const family = FAMILIES.find(
    ({ differs, config }) =>
      differs.every((one) => found.includes(one)) &&
      found.every((one) => differs.includes(one) || (config === null && OPTIONAL.has(one))),
  );
  if (family !== undefined) return family;
  throw new ExportError(`no family that can be written has, beside what LLaMA-2 has, ${found.join(', ')}`, {
    cure: 'Ask for peft, and put the adapter on the model that the base was made from',
  });
}
