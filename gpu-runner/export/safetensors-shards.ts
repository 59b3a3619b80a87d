/** Tensors as bf16 safetensors, in shards as Hugging Face's folders have them, none of them held whole. */
import { encodeElements } from '../llama/weights/element-types.ts';
import { safetensorsHeader } from '../../shared/safetensors/encode.ts';
import { jsonFile, type ExportFile } from '../../shared/export/export-file.ts';
import { blocksOf, type Rows } from './merged-tensors.ts';

export interface NamedTensor {
  readonly name: string;
  readonly tensor: Rows;
}

const SHARD_BYTES = 1 << 30;

const bytesOf = ({ tensor }: NamedTensor): number =>
  2 * tensor.shape.reduce((product, size) => product * size, 1);

/** model.safetensors, or model-00001-of-0000N.safetensors and their index. */
export function safetensorsShards(tensors: readonly NamedTensor[], shardBytes = SHARD_BYTES): ExportFile[] {
  const shards: NamedTensor[][] = [];
  let free = 0;
  for (const named of tensors) {
    const bytes = bytesOf(named);
    const last = shards.at(-1);
    if (last === undefined || bytes > free) {
      shards.push([named]);
      free = shardBytes - bytes;
    } else {
      last.push(named);
      free -= bytes;
    }
  }
  const digits = (count: number): string => String(count).padStart(5, '0');
  const nameOf = (shard: number): string =>
    shards.length === 1
      ? 'model.safetensors'
      : `model-${digits(shard + 1)}-of-${digits(shards.length)}.safetensors`;
  const files = shards.map((shard, index) => shardFile(nameOf(index), shard));
  if (shards.length === 1) return files;
  const map = shards.flatMap((shard, index) => shard.map(({ name }) => [name, nameOf(index)] as const));
  const total = tensors.reduce((sum, named) => sum + bytesOf(named), 0);
  return [
    ...files,
    jsonFile('model.safetensors.index.json', {
      metadata: { total_size: total },
      weight_map: Object.fromEntries(map),
    }),
  ];
}

function shardFile(name: string, tensors: readonly NamedTensor[]): ExportFile {
  return {
    name,
    async *chunks() {
      const entries = tensors.map(({ name: tensor, tensor: { shape } }) => ({
        name: tensor,
        dtype: 'BF16',
        shape,
      }));
      yield safetensorsHeader(entries, { format: 'pt' });
      for (const { tensor } of tensors) {
        for await (const values of blocksOf(tensor)) yield encodeElements('BF16', values);
      }
    },
  };
}
