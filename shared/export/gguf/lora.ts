/** An adapter as a GGUF file, which llama.cpp puts on top of a model while it runs it. */
import { type AdapterSource, type Heads, readInOrder } from '../adapter-source.ts';
import { ExportError } from '../export-error.ts';
import type { ExportFile } from '../export-file.ts';
import { type FactorTensor, fused, fusedOf } from '../fused-projections.ts';
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
  'self_attn.qkv_proj': 'attn_qkv',
  'mlp.gate_up_proj': 'ffn_up',
};

const PATTERN = /^base_model\.model\.model\.layers\.(\d+)\.(.+)\.lora_([AB])\.weight$/;

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
  const plain = adapter.entries.map((entry): FactorTensor => ({
    name: entry.name,
    dtype: entry.dtype,
    shape: entry.shape,
    bytes: async () => await readInOrder(adapter, entry, heads, order),
  }));
  const tensors = fused(plain, architecture).map((tensor) => ggufTensor(tensor, architecture));
  return { name: 'adapter.gguf', chunks: () => encodeGguf(metadata, tensors) };
}

function ggufTensor(tensor: FactorTensor, architecture: string): GgufTensor {
  const [, layer = '', projection = '', factor = ''] = PATTERN.exec(tensor.name) ?? [];
  const part = NAMES[projection];
  if (part === undefined) {
    throw new ExportError(`${tensor.name} has no name in llama.cpp`, { cure: 'Ask for peft' });
  }
  const parts = fusedOf(architecture)[projection.replace(/^.*\./, '')]?.length ?? 1;
  return {
    name: `blk.${layer}.${part}.weight.lora_${factor.toLowerCase()}`,
    type: 'F32',
    shape: tensor.shape,
    async *chunks() {
      const bytes = await tensor.bytes();
      yield factor === 'B' && parts > 1 ? times(bytes, parts) : bytes;
    },
  };
}

/** llama.cpp divides alpha by the rank of each pair, which is so many times the adapter's where parts are joined. */
function times(bytes: Uint8Array, factor: number): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let place = 0; place < bytes.length; place += 4) {
    view.setFloat32(place, view.getFloat32(place, true) * factor, true);
  }
  return bytes;
}
