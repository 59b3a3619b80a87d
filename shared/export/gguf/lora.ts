/** An adapter as a GGUF file, which llama.cpp puts on top of a model while it runs it. */
import type { SafetensorsEntry } from '../../safetensors/header.ts';
import { type AdapterSource, type Heads, readInOrder } from '../adapter-source.ts';
import { ExportError } from '../export-error.ts';
import type { ExportFile } from '../export-file.ts';
import { encodeGguf, type GgufMetadata, type GgufTensor } from './container.ts';
import { ggufRotaryOrder } from './rotary-order.ts';

/** llama.cpp's names of the projections that PEFT names so. */
const NAMES: Readonly<Record<string, string>> = {
  'self_attn.q_proj': 'attn_q',
  'self_attn.k_proj': 'attn_k',
  'self_attn.v_proj': 'attn_v',
  'self_attn.o_proj': 'attn_output',
  'mlp.gate_proj': 'ffn_gate',
  'mlp.up_proj': 'ffn_up',
  'mlp.down_proj': 'ffn_down',
};

/**
 * The one file of a LoRA for llama.cpp.
 *
 * @param architecture llama.cpp's name of the base's family
 * @throws ExportError for a preference model, whose head llama.cpp has no place for
 */
export function ggufLora(
  adapter: AdapterSource,
  architecture: string,
  heads: Heads,
  name: string,
): ExportFile {
  if (adapter.config.task_type !== 'CAUSAL_LM') {
    throw new ExportError('a preference model has a head that scores, and llama.cpp has no place for it', {
      cure: 'Ask for peft or merged, which transformers loads as a sequence classifier',
    });
  }
  const metadata: GgufMetadata = [
    ['general.architecture', { type: 'string', value: architecture }],
    ['general.type', { type: 'string', value: 'adapter' }],
    ['general.name', { type: 'string', value: name }],
    ['adapter.type', { type: 'string', value: 'lora' }],
    ['adapter.lora.alpha', { type: 'float32', value: adapter.config.lora_alpha }],
  ];
  const order = ggufRotaryOrder(architecture);
  const tensors = adapter.entries.map((entry): GgufTensor => ({
    name: tensorName(entry),
    type: 'F32',
    shape: entry.shape,
    async *chunks() {
      yield await readInOrder(adapter, entry, heads, order);
    },
  }));
  return { name: 'adapter.gguf', chunks: () => encodeGguf(metadata, tensors) };
}

function tensorName({ name }: SafetensorsEntry): string {
  const found = /^base_model\.model\.model\.layers\.(\d+)\.(.+)\.lora_([AB])\.weight$/.exec(name);
  const [, layer = '', projection = '', factor = ''] = found ?? [];
  const part = NAMES[projection];
  if (part === undefined) {
    throw new ExportError(`${name} has no name in llama.cpp`, { cure: 'Ask for peft' });
  }
  return `blk.${layer}.${part}.weight.lora_${factor.toLowerCase()}`;
}
