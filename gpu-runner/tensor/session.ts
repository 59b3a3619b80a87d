/** A model loaded in the engine, in the thread it is called from: a run blocks that thread until it ends. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { DataType, TensorData } from './data-type.ts';
import { SessionError, type SessionFault } from './errors.ts';
import { type Profile, summariseProfile } from './profile.ts';
import { messageOf } from '../../shared/caught.ts';
import { worked } from '../../shared/working.ts';

/** A tensor in host memory. */
export interface HostTensor {
  readonly dtype: DataType;
  readonly shape: readonly number[];
  readonly data: TensorData;
}

export type HostTensors = Readonly<Record<string, HostTensor>>;

/** The memory behind some tensors, each buffer once, to move it to another thread. */
export function buffersOf(tensors: HostTensors): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>();
  for (const { data } of Object.values(tensors))
    if (data.buffer instanceof ArrayBuffer) buffers.add(data.buffer);
  return [...buffers];
}

export interface SessionOptions {
  /** where operators run; the CPU unless given */
  readonly device?: 'cpu' | 'cuda';
  /** threads inside one operator; one per physical core unless given */
  readonly threads?: number;
  readonly memoryPattern?: boolean;
  /** measures every operator; see {@link TensorSession.profile} */
  readonly profile?: boolean;
  /** further session entries of the engine by name, such as "session.intra_op.allow_spinning": "0" */
  readonly entries?: Readonly<Record<string, string>>;
}

/** The model's bytes (or its path) and the folder that its external files stand in. */
export interface ModelSource {
  readonly model: Uint8Array | string;
  /** needed when the model is bytes and has external constants */
  readonly folder?: string;
}

/** A loaded model. Load once and keep: opening and closing sessions leaks memory in the engine. */
export class TensorSession {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  readonly #session: InferenceSession;
  readonly #profileFolder: string | undefined;
  #open = true;
  #profile: Profile | undefined;

  private constructor(session: InferenceSession, profileFolder: string | undefined) {
    this.#session = session;
    this.#profileFolder = profileFolder;
    this.inputNames = session.inputNames;
    this.outputNames = session.outputNames;
  }

  /** Loads a model. @throws SessionError when the device or an operator is refused, or the model is broken */
  static async open(source: ModelSource, options: SessionOptions = {}): Promise<TensorSession> {
    const profileFolder = options.profile === true ? mkdtempSync(join(tmpdir(), 'rlcd-profile-')) : undefined;
    const engineOptions = engineSessionOptions(source, options, profileFolder);
    try {
      const session =
        typeof source.model === 'string'
          ? await InferenceSession.create(source.model, engineOptions)
          : await InferenceSession.create(source.model, engineOptions);
      worked();
      return new TensorSession(session, profileFolder);
    } catch (error) {
      if (profileFolder !== undefined) rmSync(profileFolder, { recursive: true });
      throw loadError(error, options.device ?? 'cpu');
    }
  }

  /**
   * One run. Outputs are named, or given as buffers that the engine writes into (their shapes must be exact).
   *
   * @throws SessionError for a wrong input or a failure while running
   */
  async run(
    feeds: HostTensors,
    outputs: readonly string[] | HostTensors = this.outputNames,
  ): Promise<HostTensors> {
    if (!this.#open) throw new SessionError('closed', 'This session is closed; open a new one');
    const missing = this.inputNames.filter((name) => !(name in feeds));
    const unknown = Object.keys(feeds).filter((name) => !this.inputNames.includes(name));
    if (missing.length > 0 || unknown.length > 0) {
      throw new SessionError(
        'run',
        `Inputs missing: [${missing.join(', ')}]; unknown: [${unknown.join(', ')}]`,
      );
    }
    const named = isNames(outputs);
    const wanted = named ? outputs : Object.keys(outputs);
    for (const name of wanted) {
      if (!this.outputNames.includes(name))
        throw new SessionError('run', `The model has no output "${name}"`);
    }
    const fetches = named ? wanted : engineTensors(outputs);
    try {
      const results = await this.#session.run(engineTensors(feeds), fetches);
      worked();
      // Results asked for in place stand in the buffers given.
      if (!named) return outputs;
      return Object.fromEntries(wanted.map((name) => [name, hostTensor(name, results[name])]));
    } catch (error) {
      if (error instanceof SessionError) throw error;
      throw new SessionError('run', `The engine failed while running: ${messageOf(error)}`, { cause: error });
    }
  }

  /**
   * Ends measuring and sums it up by operator and by device; later runs are not measured.
   *
   * @throws SessionError unless opened to profile
   */
  profile(): Profile {
    if (this.#profile !== undefined) return this.#profile;
    if (this.#profileFolder === undefined)
      throw new SessionError('run', 'Open the session with profile: true');
    this.#session.endProfiling();
    const [file] = readdirSync(this.#profileFolder);
    if (file === undefined) throw new SessionError('run', 'The engine wrote no profile');
    this.#profile = summariseProfile(readFileSync(join(this.#profileFolder, file), 'utf8'));
    return this.#profile;
  }

  /** Frees the engine's memory of this model. */
  async close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    await this.#session.release();
    if (this.#profileFolder !== undefined) rmSync(this.#profileFolder, { recursive: true });
  }
}

function isNames(outputs: readonly string[] | HostTensors): outputs is readonly string[] {
  return Array.isArray(outputs);
}

function engineSessionOptions(
  { folder }: ModelSource,
  options: SessionOptions,
  profileFolder: string | undefined,
): InferenceSession.SessionOptions {
  // With "1" the optimiser computes DequantizeLinear of a constant at load: a float copy of the whole base.
  const entries: Record<string, string> = { 'session.disable_quant_qdq': '0', ...options.entries };
  if (folder !== undefined) entries['session.model_external_initializers_file_folder_path'] = folder;
  return {
    executionProviders: [options.device ?? 'cpu'],
    graphOptimizationLevel: 'all',
    ...(options.threads === undefined ? {} : { intraOpNumThreads: options.threads }),
    ...(options.memoryPattern === undefined ? {} : { enableMemPattern: options.memoryPattern }),
    ...(profileFolder === undefined
      ? {}
      : { enableProfiling: true, profileFilePrefix: join(profileFolder, 'profile') }),
    // Errors come back as exceptions with the same words; only a crash is logged besides.
    logSeverityLevel: 4,
    extra: nested(entries),
  };
}

/** The engine reads dotted entry names as nested objects. */
function nested(entries: Readonly<Record<string, string>>): Record<string, unknown> {
  const root: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(entries)) {
    const path = name.split('.');
    const last = path.pop() ?? name;
    let level = root;
    for (const part of path) {
      level[part] ??= {};
      level = level[part] as Record<string, unknown>;
    }
    level[last] = value;
  }
  return root;
}

function engineTensors(tensors: HostTensors): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, { dtype, shape, data }]) => {
      try {
        return [
          name,
          dtype === 'float16' ? halfTensor(data, shape) : new Tensor(dtype, data as Tensor.DataType, shape),
        ];
      } catch (error) {
        throw new SessionError('run', `Tensor "${name}": ${messageOf(error)}`, { cause: error });
      }
    }),
  );
}

/**
 * Half-precision numbers as the engine takes them: their bits. Where the runtime knows Float16Array the library would hand
 * over one of those, which the engine's binding reads as nothing.
 */
function halfTensor(data: TensorData, shape: readonly number[]): Tensor {
  const tensor = new Tensor('uint16', data as Uint16Array, shape);
  return Object.assign(tensor, { type: 'float16' as const });
}

function hostTensor(name: string, tensor: Tensor | undefined): HostTensor {
  if (tensor === undefined) throw new SessionError('run', `The engine returned no output "${name}"`);
  const data = tensor.data as TensorData;
  const plain = tensor.type === 'float16' ? new Uint16Array(data.buffer, data.byteOffset, data.length) : data;
  return { dtype: tensor.type as DataType, shape: tensor.dims, data: plain };
}

/** The engine's message as a typed error with the cure. */
function loadError(error: unknown, device: string): SessionError {
  const message = messageOf(error);
  let fault: SessionFault = 'model';
  let cure = 'The model file is broken, or not what this engine reads';
  if (
    /Could not find an implementation|NOT_IMPLEMENTED|is not a registered function|No Op registered/i.test(
      message,
    )
  ) {
    fault = 'operator';
    cure = `The device "${device}" cannot run an operator of this graph; write it for another device or type`;
  } else if (/providers_cuda|providers_shared|no available backend|is unsupported|CUDA/i.test(message)) {
    fault = 'device';
    cure = `The device "${device}" is not usable here; install its provider libraries or choose device "cpu"`;
  } else if (/external data|external_data|initializers_file/i.test(message)) {
    cure = 'A file of external constants is missing or too short; check the folder given with the model';
  }
  return new SessionError(fault, `${cure}. The engine says: ${message}`, { cause: error });
}
