/** A base with an adapter's change merged as one GGUF file, straight from the 8-bit weights. */
import { ExportError } from '../../shared/export/export-error.ts';
import type { ExportFile } from '../../shared/export/export-file.ts';
import {
  encodeGguf,
  GGUF_TYPES,
  type GgufMetadata,
  type GgufTensor,
  type GgufType,
} from '../../shared/export/gguf/container.ts';
import { ggufRotaryOrder } from '../../shared/export/gguf/rotary-order.ts';
import type { Quantisation } from '../../shared/export/forms.ts';
import type { Adapter } from '../llama/model/adapter.ts';
import { encodeElements } from '../llama/weights/element-types.ts';
import type { ImportedModel } from '../llama/weights/import-model.ts';
import { ggufForm } from './gguf-architecture.ts';
import { ggufTensors } from './gguf-tensors.ts';
import { ggufTokenizer } from './gguf-tokenizer.ts';
import { blocksOf, mergedTensors, type Rows } from './merged-tensors.ts';
import { modelTypeOf } from './outside.ts';
import { encodeQ80 } from './q8-0.ts';

/** llama.cpp's numbers of what most tensors of a file are. */
const FILE_TYPES: Readonly<Record<Quantisation, number>> = { f16: 1, q8_0: 7 };

/** @throws ExportError for a model, or a tokenizer, that llama.cpp has no form for */
export async function ggufModel(
  model: ImportedModel,
  adapter: Adapter | null,
  {
    name,
    quantisation,
    chatTemplate,
  }: { readonly name: string; readonly quantisation: Quantisation; readonly chatTemplate: string | null },
): Promise<ExportFile> {
  const { architecture, base, tokenizer } = model;
  if (adapter?.head != null) {
    throw new ExportError('a preference model has a head that scores, and llama.cpp has no place for it', {
      cure: 'Ask for peft or merged, which transformers loads as a sequence classifier',
    });
  }
  const form = await ggufForm(architecture, await modelTypeOf(base));
  const metadata: GgufMetadata = [
    ...form.metadata,
    ['general.type', { type: 'string', value: 'model' }],
    ['general.name', { type: 'string', value: name }],
    ['general.file_type', { type: 'uint32', value: FILE_TYPES[quantisation] }],
    ['general.quantization_version', { type: 'uint32', value: 2 }],
    ...(await ggufTokenizer(base.folder, tokenizer, architecture.vocabularySize)),
    ...(chatTemplate === null
      ? []
      : [['tokenizer.chat_template', { type: 'string', value: chatTemplate }] as const]),
  ];
  const merged = mergedTensors(base, adapter, ggufRotaryOrder(form.name));
  const tensors = ggufTensors(merged, architecture, form.family.fused);
  const all = [...form.factors, ...tensors.map((tensor) => ggufTensor(tensor, quantisation))];
  return { name: 'model.gguf', chunks: () => encodeGguf(metadata, all) };
}

function ggufTensor(tensor: Rows & { readonly name: string }, quantisation: Quantisation): GgufTensor {
  const type = typeOf(tensor.shape, quantisation);
  return {
    name: tensor.name,
    type,
    shape: tensor.shape,
    async *chunks() {
      for await (const values of blocksOf(tensor)) {
        yield type === 'Q8_0' ? encodeQ80(values) : encodeElements(type, values);
      }
    },
  };
}

/** Vectors stay fp32; rows that do not part into blocks stay fp16. */
function typeOf(shape: readonly number[], quantisation: Quantisation): GgufType {
  if (shape.length === 1) return 'F32';
  const fits = (shape[1] ?? 0) % GGUF_TYPES.Q8_0.blockElements === 0;
  return quantisation === 'q8_0' && fits ? 'Q8_0' : 'F16';
}
