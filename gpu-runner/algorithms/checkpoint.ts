/**
 * The state of a run as bytes: which algorithm works on what, its step, a JSON state and its tensors.
 *
 * Layout: 8 bytes magic, 32 bytes SHA-256 of all that follows, then a safetensors file whose metadata hold
 * `version`, `algorithm`, `work`, `step` and `state`. Equal states give equal bytes. One rule holds for every algorithm:
 * a checkpoint is continued by the work that wrote it alone.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { canonicalJson } from '../../shared/canonical-json.ts';
import { parseSafetensors } from '../llama/weights/safetensors-reader.ts';
import { encodeSafetensors } from '../llama/weights/safetensors-writer.ts';
import { CheckpointError, TrainingDivergedError } from './algorithm-error.ts';

/** 2: says what it was made from; AdamW's state is called first and second moments. */
const CHECKPOINT_VERSION = 2;

const MAGIC = Buffer.from('RLCDCKPT');
const HASH_BYTES = 32;
const CURE = 'the task goes on without it; the engine version that wrote it can read it';

/** What an algorithm is at work on: a checkpoint of other work is refused. */
export interface Work {
  readonly algorithm: string;
  /** What it works through, as many words: `pairs`, `prompts`. */
  readonly unit: string;
  readonly count: number;
  /** Over all of it, in order. */
  readonly sha256: string;
  /** Every setting that changes the result, as canonical JSON by name. */
  readonly settings: Readonly<Record<string, string>>;
}

/**
 * @param items what is worked through, as JSON values and arrays of numbers
 * @param settings those that change the result; sizes of batches and times of checkpoints stay out
 */
export function workOf(
  algorithm: string,
  unit: string,
  items: readonly unknown[],
  settings: Readonly<Record<string, unknown>>,
): Work {
  const hash = createHash('sha256');
  for (const item of items) hash.update(`${JSON.stringify(item, packed)}\n`);
  return {
    algorithm,
    unit,
    count: items.length,
    sha256: hash.digest('hex'),
    settings: Object.fromEntries(
      Object.entries(settings).map(([name, value]) => [name, canonicalJson(value)]),
    ),
  };
}

/** Arrays of numbers by their bytes: in figures they take ten times as long. */
function packed(_: string, value: unknown): unknown {
  if (!ArrayBuffer.isView(value)) return value;
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64');
}

const workSchema = z.strictObject({
  unit: z.string(),
  count: z.int().nonnegative(),
  sha256: z.string(),
  settings: z.record(z.string(), z.string()),
});

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

/** Writes a checkpoint. @throws TrainingDivergedError naming the tensor if a number is not finite */
export async function encodeCheckpoint<State>(
  { algorithm, ...work }: Work,
  checkpoint: Checkpoint<State>,
): Promise<Uint8Array> {
  const tensors = [...checkpoint.tensors].map(([name, { shape, data }]) => {
    const bad = data.findIndex((value) => !Number.isFinite(value));
    if (bad !== -1) {
      throw new TrainingDivergedError(
        `tensor ${name} holds ${data[bad]} at ${bad}: the run diverged before this step`,
      );
    }
    return { name, dtype: 'F32' as const, shape, values: () => data };
  });
  const body = await encodeSafetensors(tensors, {
    version: String(CHECKPOINT_VERSION),
    algorithm,
    work: canonicalJson(work),
    step: String(checkpoint.step),
    state: JSON.stringify(checkpoint.state),
  });
  return Buffer.concat([MAGIC, createHash('sha256').update(body).digest(), body]);
}

/**
 * Reads a checkpoint and proves it whole and this work's: hash, version, algorithm, what it was made from, state and the
 * presence of every tensor.
 *
 * @param schema strict schema of the state: an absent or unknown field is an error, never a default
 * @param tensorNames exactly the tensors that the state needs
 * @throws CheckpointError naming what is wrong and the cure
 */
export async function decodeCheckpoint<State>(
  work: Work,
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
  if (field('algorithm') !== work.algorithm) {
    throw new CheckpointError(
      `the checkpoint is of ${field('algorithm')}, the task is ${work.algorithm}: ${CURE}`,
    );
  }
  assertSameWork(stated(workSchema, 'work', field('work')), work);
  const state = stated(schema, 'state', field('state'));
  const wanted = new Set(tensorNames(state));
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
  return { step: Number(field('step')), state, tensors };
}

/** A field's JSON in its form. @throws CheckpointError if it is none */
function stated<Value>(schema: z.ZodType<Value>, name: string, text: string): Value {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new CheckpointError(`the checkpoint's ${name} is no JSON: ${CURE}`, { cause });
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const fault = z.prettifyError(parsed.error);
  throw new CheckpointError(`the checkpoint's ${name} is not complete: ${fault}: ${CURE}`);
}

/** @throws CheckpointError saying what the checkpoint was made from, and what this task has instead */
function assertSameWork(found: z.infer<typeof workSchema>, work: Work): void {
  const { unit, count, sha256, settings } = work;
  const refuse = (difference: string): never => {
    throw new CheckpointError(`the checkpoint is of ${difference}: ${CURE}`);
  };
  if (found.count !== count || found.unit !== unit) {
    refuse(`${found.count} ${found.unit}, this task has ${count}`);
  }
  if (found.sha256 !== sha256) refuse(`${count} other ${unit} than this task's`);
  const names = new Set([...Object.keys(found.settings), ...Object.keys(settings)]);
  const changed = [...names].filter((name) => found.settings[name] !== settings[name]);
  if (changed.length === 0) return;
  const say = (of: Readonly<Record<string, string>>) =>
    changed.map((name) => `${name} ${of[name] ?? 'unset'}`).join(', ');
  refuse(`${say(found.settings)}, this task has ${say(settings)}`);
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

/** Bytes of a state without tensors, after `step` runs of the engine. */
export async function encodeProgress(work: Work, step: number, state: unknown): Promise<Uint8Array> {
  return await encodeCheckpoint(work, { step, state, tensors: new Map() });
}

/**
 * Where an algorithm without tensors goes on: at the checkpoint, or at `first` where there is none.
 *
 * @throws CheckpointError for a checkpoint of other work, or a damaged one
 */
export async function startOf<State>(
  work: Work,
  resume: Uint8Array | null,
  schema: z.ZodType<State>,
  first: State,
): Promise<{ readonly state: State; readonly step: number }> {
  if (resume === null) return { state: first, step: 0 };
  return await decodeCheckpoint(work, resume, schema, () => []);
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
