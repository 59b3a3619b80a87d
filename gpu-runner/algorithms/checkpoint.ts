/**
 * The state of a run as bytes: which algorithm, its step, a JSON state and its tensors.
 *
 * Layout: 8 bytes magic, 32 bytes SHA-256 of all that follows, then a safetensors file whose metadata hold
 * `version`, `algorithm`, `step` and `state`. Equal states give equal bytes.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { parseSafetensors } from '../llama/weights/safetensors-reader.ts';
import { encodeSafetensors } from '../llama/weights/safetensors-writer.ts';
import { CheckpointError } from './algorithm-error.ts';

const CHECKPOINT_VERSION = 1;

const MAGIC = Buffer.from('RLCDCKPT');
const HASH_BYTES = 32;
const CURE = 'start the task again without this checkpoint, or use the engine version that wrote it';

export interface CheckpointTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

export interface Checkpoint<State> {
  /** Steps that are done. */
  readonly step: number;
  readonly state: State;
  readonly tensors: ReadonlyMap<string, CheckpointTensor>;
}

/** Writes a checkpoint. @throws CheckpointError naming the tensor if a number is not finite: such a run has diverged */
export async function encodeCheckpoint<State>(
  algorithm: string,
  checkpoint: Checkpoint<State>,
): Promise<Uint8Array> {
  const tensors = [...checkpoint.tensors].map(([name, { shape, data }]) => {
    const bad = data.findIndex((value) => !Number.isFinite(value));
    if (bad !== -1) {
      throw new CheckpointError(
        `tensor ${name} holds ${data[bad]} at ${bad}: the run diverged before this step`,
      );
    }
    return { name, dtype: 'F32' as const, shape, values: () => data };
  });
  const body = await encodeSafetensors(tensors, {
    version: String(CHECKPOINT_VERSION),
    algorithm,
    step: String(checkpoint.step),
    state: JSON.stringify(checkpoint.state),
  });
  return Buffer.concat([MAGIC, createHash('sha256').update(body).digest(), body]);
}

/**
 * Reads a checkpoint and proves it whole: hash, version, algorithm, state and the presence of every tensor.
 *
 * @param schema strict schema of the state: an absent or unknown field is an error, never a default
 * @param tensorNames exactly the tensors that the state needs
 * @throws CheckpointError naming what is wrong and the cure
 */
export async function decodeCheckpoint<State>(
  algorithm: string,
  bytes: Uint8Array,
  schema: z.ZodType<State>,
  tensorNames: (state: State) => readonly string[],
): Promise<Checkpoint<State>> {
  const body = verifiedBody(bytes);
  const reader = await parseSafetensors(body, 'checkpoint').catch((error: unknown) => {
    throw new CheckpointError(`the checkpoint's tensors cannot be read: ${CURE}`, { cause: error });
  });
  const field = (name: string): string => {
    const value = reader.metadata.get(name);
    if (value === undefined) throw new CheckpointError(`the checkpoint lacks "${name}": ${CURE}`);
    return value;
  };
  if (field('version') !== String(CHECKPOINT_VERSION)) {
    throw new CheckpointError(
      `the checkpoint has version ${field('version')}, this runner reads ${CHECKPOINT_VERSION}: ${CURE}`,
    );
  }
  if (field('algorithm') !== algorithm) {
    throw new CheckpointError(
      `the checkpoint is of ${field('algorithm')}, the task is ${algorithm}: ${CURE}`,
    );
  }
  const parsed = schema.safeParse(JSON.parse(field('state')));
  if (!parsed.success) {
    throw new CheckpointError(
      `the checkpoint's state is not complete: ${z.prettifyError(parsed.error)}: ${CURE}`,
    );
  }
  const wanted = new Set(tensorNames(parsed.data));
  const unknown = [...reader.entries.keys()].filter((name) => !wanted.has(name));
  const missing = [...wanted].filter((name) => !reader.entries.has(name));
  if (unknown.length > 0 || missing.length > 0) {
    throw new CheckpointError(
      `the checkpoint's tensors differ: missing [${missing.join(', ')}], unknown [${unknown.join(', ')}]: ${CURE}`,
    );
  }
  const tensors = new Map<string, CheckpointTensor>();
  for (const [name, entry] of reader.entries) {
    tensors.set(name, { shape: entry.shape, data: await readFinite(reader, name) });
  }
  return { step: Number(field('step')), state: parsed.data, tensors };
}

async function readFinite(
  reader: Awaited<ReturnType<typeof parseSafetensors>>,
  name: string,
): Promise<Float32Array> {
  try {
    return await reader.readElements(name);
  } catch (error) {
    throw new CheckpointError(`tensor ${name} of the checkpoint cannot be used: ${CURE}`, { cause: error });
  }
}

function verifiedBody(bytes: Uint8Array): Uint8Array {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = MAGIC.length + HASH_BYTES;
  if (buffer.length < start || !buffer.subarray(0, MAGIC.length).equals(MAGIC)) {
    throw new CheckpointError(`these ${buffer.length} bytes are no checkpoint of this project: ${CURE}`);
  }
  const body = buffer.subarray(start);
  if (!createHash('sha256').update(body).digest().equals(buffer.subarray(MAGIC.length, start))) {
    throw new CheckpointError(`the checkpoint is damaged (its SHA-256 does not match): ${CURE}`);
  }
  return body;
}
