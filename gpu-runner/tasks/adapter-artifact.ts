/** An adapter as one artifact: PEFT's safetensors with its adapter_config in the metadata, so that one hash names both. */
import type { Adapter } from '../llama/model/adapter.ts';
import { decodeAdapter, encodeAdapter } from '../llama/weights/adapter-files.ts';
import type { Architecture } from '../llama/model/architecture.ts';
import { parseSafetensors } from '../llama/weights/safetensors-reader.ts';
import {
  adapterFromVector,
  adapterLayout,
  vectorFromAdapter,
  type AdapterLayout,
} from '../llama/model/lora-layout.ts';
import { TaskInputError } from './task-context.ts';

export const ADAPTER_MEDIA_TYPE = 'application/x-safetensors';
const CONFIG_KEY = 'adapter_config';

/** An adapter's numbers in the training layout. */
export interface AdapterVector {
  readonly rank: number;
  readonly alpha: number;
  readonly vector: Float32Array;
}

/**
 * Bytes of an adapter; equal vectors give equal bytes.
 *
 * @param baseModel name of the base, kept as base_model_name_or_path
 * @param withHead whether the scalar head belongs to it (preference models)
 */
export async function encodeAdapterArtifact(
  layout: AdapterLayout,
  vector: Float32Array,
  baseModel: string,
  withHead: boolean,
): Promise<Uint8Array> {
  const adapter = adapterFromVector(layout, vector, withHead);
  const { config, weights } = await encodeAdapter(adapter, layout.architecture, baseModel);
  return withMetadata(weights, CONFIG_KEY, new TextDecoder().decode(config));
}

/**
 * Reads such bytes for a base of this shape.
 *
 * @throws ModelFileError for a damaged file or another base's adapter; TaskInputError where the config is missing
 */
export async function decodeAdapterArtifact(
  bytes: Uint8Array,
  architecture: Architecture,
  name: string,
): Promise<AdapterVector> {
  const reader = await parseSafetensors(bytes, name);
  const config = reader.metadata.get(CONFIG_KEY);
  if (config === undefined) {
    throw new TaskInputError(`${name} holds no ${CONFIG_KEY}: give an adapter that a runner made`);
  }
  const files = { config: new TextEncoder().encode(config), weights: bytes };
  const { adapter } = await decodeAdapter(files, architecture, name);
  return vectorOf(adapter, architecture);
}

function vectorOf(adapter: Adapter, architecture: Architecture): AdapterVector {
  const { rank, alpha } = adapter;
  return { rank, alpha, vector: vectorFromAdapter(adapterLayout(architecture, rank, alpha), adapter) };
}

const PREFIX_BYTES = 8;

/** The same safetensors file with one more entry in its metadata. */
function withMetadata(file: Uint8Array, key: string, value: string): Uint8Array {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const end = PREFIX_BYTES + Number(view.getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(file.subarray(PREFIX_BYTES, end))) as {
    __metadata__: Record<string, string>;
  };
  header.__metadata__[key] = value;
  const text = Buffer.from(JSON.stringify(header));
  const padded = Buffer.alloc(Math.ceil(text.length / PREFIX_BYTES) * PREFIX_BYTES, ' ');
  text.copy(padded);
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.writeBigUInt64LE(BigInt(padded.length));
  return Buffer.concat([prefix, padded, file.subarray(end)]);
}
