/** An adapter as one artifact: PEFT's safetensors with its adapter_config in the metadata, so that one hash names both. */
import type { Adapter } from '../llama/model/adapter.ts';
import { ADAPTER_CONFIG_KEY } from '../../shared/export/adapter-source.ts';
import { decodeAdapter, encodeAdapter } from '../llama/weights/adapter-files.ts';
import type { Architecture } from '../llama/model/architecture.ts';
import { parseSafetensors } from '../llama/weights/safetensors-reader.ts';
import {
  adapterFromVector,
  adapterLayout,
  vectorFromAdapter,
  type AdapterLayout,
} from '../llama/model/lora-layout.ts';
import { inputBytes, TaskInputError, type TaskContext } from './task-context.ts';
import type { TaskKind } from '../../shared/api/tasks/kinds.ts';

export const ADAPTER_MEDIA_TYPE = 'application/x-safetensors';

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
  const { weights } = await encodeAdapter(adapter, layout.architecture, baseModel);
  return weights;
}

/**
 * Reads such bytes for a base of this shape.
 *
 * @throws ModelFileError for a damaged file or another base's adapter; TaskInputError where the config is missing
 */
export async function readAdapterArtifact(
  bytes: Uint8Array,
  architecture: Architecture,
  name: string,
): Promise<Adapter> {
  const reader = await parseSafetensors(bytes, name);
  const config = reader.metadata.get(ADAPTER_CONFIG_KEY);
  if (config === undefined) {
    throw new TaskInputError(`${name} holds no ${ADAPTER_CONFIG_KEY}: give an adapter that a runner made`);
  }
  const files = { config: new TextEncoder().encode(config), weights: bytes };
  return (await decodeAdapter(files, architecture, name)).adapter;
}

/** The same in the training layout. */
export async function decodeAdapterArtifact(
  bytes: Uint8Array,
  architecture: Architecture,
  name: string,
): Promise<AdapterVector> {
  return vectorOf(await readAdapterArtifact(bytes, architecture, name), architecture);
}

function vectorOf(adapter: Adapter, architecture: Architecture): AdapterVector {
  const { rank, alpha } = adapter;
  return { rank, alpha, vector: vectorFromAdapter(adapterLayout(architecture, rank, alpha), adapter) };
}

/** The adapter of a task's input. @throws as {@link decodeAdapterArtifact}; TaskInputError if there is no such input */
export async function inputAdapter<Kind extends TaskKind>(
  context: Pick<TaskContext<Kind>, 'task' | 'model' | 'artifacts'>,
  name: string,
): Promise<AdapterVector> {
  return await decodeAdapterArtifact(await inputBytes(context, name), context.model.architecture, name);
}
