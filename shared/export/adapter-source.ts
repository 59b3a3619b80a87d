/** An adapter artifact, read tensor by tensor out of whatever holds its bytes. */
import { z } from 'zod';
import {
  headerLength,
  parseHeader,
  PREFIX_BYTES,
  type Refuse,
  type SafetensorsEntry,
} from '../safetensors/header.ts';
import { ExportError } from './export-error.ts';
import { reorderRows, type RotaryOrder } from './rotary-rows.ts';

/** The metadata's key of the PEFT configuration, which makes one file a whole adapter. */
export const ADAPTER_CONFIG_KEY = 'adapter_config';

const adapterConfig = z.looseObject({
  r: z.int().min(1),
  lora_alpha: z.number().positive(),
  task_type: z.enum(['CAUSAL_LM', 'SEQ_CLS']),
  target_modules: z.array(z.string()),
});

/** A range of bytes of the artifact. */
export type ReadRange = (offset: number, length: number) => Promise<Uint8Array>;

export interface AdapterSource {
  readonly config: z.output<typeof adapterConfig>;
  /** How its base turns queries and keys. */
  readonly rotaryOrder: RotaryOrder;
  /** In the order of the file; all F32. */
  readonly entries: readonly SafetensorsEntry[];
  readonly read: (entry: SafetensorsEntry) => Promise<Uint8Array>;
}

/**
 * Reads the header of an adapter artifact.
 *
 * @param bytes of the whole artifact
 * @throws ExportError where it is no adapter that a runner made
 */
export async function openAdapterSource(read: ReadRange, bytes: number): Promise<AdapterSource> {
  const refuse: Refuse = (field, fault, options) =>
    new ExportError(`the artifact${field === null ? '' : `: ${field}`}: ${fault}`, {
      ...options,
      cure: 'Name the artifact of an adapter or a preference model',
    });
  const length = headerLength(await read(0, Math.min(PREFIX_BYTES, bytes)), bytes, refuse);
  const { metadata, entries } = parseHeader(await read(PREFIX_BYTES, length), bytes, refuse);
  const text = metadata.get(ADAPTER_CONFIG_KEY);
  if (text === undefined) throw refuse(ADAPTER_CONFIG_KEY, 'is missing in its metadata');
  const config = adapterConfig.safeParse(JSON.parse(text));
  if (!config.success) throw refuse(ADAPTER_CONFIG_KEY, 'is not the configuration of a LoRA adapter');
  return {
    config: config.data,
    rotaryOrder: metadata.get('rope_layout') === 'interleaved' ? 'interleaved' : 'half',
    entries: [...entries.values()].toSorted((a, b) => a.offset - b.offset),
    read: async ({ offset, length: size }) => await read(offset, size),
  };
}

/** The same over bytes in memory. */
export async function adapterSourceOf(bytes: Uint8Array): Promise<AdapterSource> {
  return await openAdapterSource(
    async (offset, length) => bytes.subarray(offset, offset + length),
    bytes.length,
  );
}

/** Heads of a base, which say how long a head is in rows. */
export interface Heads {
  readonly heads: number;
  readonly keyValueHeads: number;
}

/** Bytes of a tensor with the rows of query's and key's B in the order `to`. */
export async function readInOrder(
  adapter: AdapterSource,
  entry: SafetensorsEntry,
  { heads, keyValueHeads }: Heads,
  to: RotaryOrder,
): Promise<Uint8Array> {
  const bytes = await adapter.read(entry);
  const turned = /\.([qk])_proj\.lora_B\.weight$/.exec(entry.name);
  if (turned === null || adapter.rotaryOrder === to) return bytes;
  const [rows = 0] = entry.shape;
  const headSize = rows / (turned[1] === 'q' ? heads : keyValueHeads);
  if (!Number.isInteger(headSize)) {
    throw new ExportError(`${entry.name} has ${rows} rows, which do not part into the base model's heads`, {
      cure: 'Name an adapter of this base model',
    });
  }
  return reorderRows(bytes, bytes.length / rows, headSize, to);
}
