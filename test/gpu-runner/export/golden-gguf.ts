/** The checkpoint of a family, some of its settings changed, as a base and as a GGUF file written from that. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { type GgufForm, ggufForm } from '../../../gpu-runner/export/gguf-architecture.ts';
import { ggufTensors } from '../../../gpu-runner/export/gguf-tensors.ts';
import { blocksOf, mergedTensors } from '../../../gpu-runner/export/merged-tensors.ts';
import type { BaseFile } from '../../../gpu-runner/llama/weights/base-file.ts';
import { encodeElements } from '../../../gpu-runner/llama/weights/element-types.ts';
import { openHuggingFaceFolder } from '../../../gpu-runner/llama/weights/huggingface-folder.ts';
import { concatenate } from '../../../shared/export/gguf/bytes.ts';
import { encodeGguf, type GgufMetadata } from '../../../shared/export/gguf/container.ts';
import { ggufRotaryOrder } from '../../../shared/export/gguf/rotary-order.ts';
import { convertOpened } from '../llama/weights/convert-opened.ts';
import { readGolden, writeGoldenCheckpoint } from '../llama/weights/families/golden.ts';
import { temporaryFolder } from '../llama/weights/made-up-checkpoint.ts';

export type Config = Readonly<Record<string, unknown>>;

export async function goldenBase(name: string, change: Config) {
  const golden = readGolden(name);
  const config = { ...golden.config, ...change };
  const folder = writeGoldenCheckpoint({ ...golden, config });
  const base = await convertOpened(await openHuggingFaceFolder(folder), 'fp32');
  return { golden, base, form: async () => await ggufForm(base.architecture, config.model_type) };
}

const tokenizer = (size: number): GgufMetadata => [
  ['tokenizer.ggml.model', { type: 'string', value: 'llama' }],
  ['tokenizer.ggml.tokens', { type: 'strings', value: Array.from({ length: size }, (_, id) => `t${id}`) }],
  ['tokenizer.ggml.scores', { type: 'float32s', value: Array.from({ length: size }, (_, id) => -id) }],
  ['tokenizer.ggml.token_type', { type: 'int32s', value: Array.from({ length: size }, () => 1) }],
];

/** Path of the file, its numbers in fp32. */
export async function writeGoldenGguf(
  base: BaseFile,
  { name, family, metadata, factors }: GgufForm,
): Promise<string> {
  const weights = ggufTensors(
    mergedTensors(base, null, ggufRotaryOrder(name)),
    base.architecture,
    family.fused,
  );
  const tensors = weights.map((tensor) => ({
    name: tensor.name,
    type: 'F32' as const,
    shape: tensor.shape,
    async *chunks() {
      for await (const values of blocksOf(tensor)) yield encodeElements('F32', values);
    },
  }));
  const parts: Uint8Array[] = [];
  const all = [...metadata, ...tokenizer(base.architecture.vocabularySize)];
  for await (const part of encodeGguf(all, [...factors, ...tensors])) parts.push(part);
  const file = path.join(temporaryFolder(), 'model.gguf');
  writeFileSync(file, concatenate(parts));
  return file;
}
