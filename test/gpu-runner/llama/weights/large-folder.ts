/** A large checkpoint of any numbers: what opening takes does not hang on them. */
import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import type { Architecture } from '../../../../gpu-runner/llama/model/architecture.ts';
import {
  huggingFaceConfig,
  huggingFaceShapes,
  temporaryFolder,
  writeMadeUpTokenizer,
} from './made-up-checkpoint.ts';

/** Writes a bf16 checkpoint in two shards, any numbers, without ever holding it. */
export function writeLargeFolder(architecture: Architecture): {
  folder: string;
  layerBytes: number;
  largestBytes: number;
  bytes: number;
} {
  const folder = temporaryFolder();
  const tensors = huggingFaceShapes(architecture).map(([name, shape]) => ({
    name,
    shape,
    length: shape.reduce((a, b) => a * b, 2),
  }));
  const pattern = Buffer.alloc(1 << 20);
  for (let index = 0; index < pattern.length; index += 2)
    pattern.writeUInt16LE(0x3c00 + ((index * 37) % 300), index);
  const map: Record<string, string> = {};
  for (const shard of [0, 1]) {
    const file = `model-${shard}.safetensors`;
    const header: Record<string, unknown> = {};
    let end = 0;
    for (const [index, { name, shape, length }] of tensors.entries()) {
      if (index % 2 !== shard) continue;
      header[name] = { dtype: 'BF16', shape, data_offsets: [end, end + length] };
      map[name] = file;
      end += length;
    }
    const text = Buffer.from(JSON.stringify(header));
    const prefix = Buffer.alloc(8);
    prefix.writeBigUInt64LE(BigInt(text.length));
    const handle = openSync(path.join(folder, file), 'w');
    writeSync(handle, Buffer.concat([prefix, text]));
    for (let left = end; left > 0; left -= pattern.length)
      writeSync(handle, pattern, 0, Math.min(left, pattern.length));
    closeSync(handle);
  }
  writeFileSync(path.join(folder, 'model.safetensors.index.json'), JSON.stringify({ weight_map: map }));
  writeFileSync(path.join(folder, 'config.json'), JSON.stringify(huggingFaceConfig(architecture)));
  writeMadeUpTokenizer(folder);
  const inLayer = tensors.filter(({ name }) => name.startsWith('model.layers.0.'));
  return {
    folder,
    layerBytes: inLayer.reduce((sum, { length }) => sum + length, 0),
    largestBytes: Math.max(...tensors.map(({ length }) => length)),
    bytes: tensors.reduce((sum, { length }) => sum + length, 0),
  };
}
