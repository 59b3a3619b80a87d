/** The sampler: continues batches of prompts on the 8-bit base, alone or under adapters, one engine run per rollout. */
import { serialiseGraph } from '../../tensor/serialise.ts';
import {
  type HostTensor,
  type HostTensors,
  type SessionOptions,
  TensorSession,
} from '../../tensor/session.ts';
import type { Profile } from '../../tensor/profile.ts';
import { parameterCount } from '../config.ts';
import type { WeightFile } from '../import/weight-file.ts';
import { cpuProductForm } from '../linear.ts';
import { tokenMeter } from '../token-meter.ts';
import type { AdapterLayout } from '../training/lora-layout.ts';
import {
  checkRequest,
  constantFeeds,
  limitOf,
  SamplingRequestError,
  type SamplingRequest,
  startFeeds,
  stepFeeds,
} from './request.ts';
import { chunkSteps, rolloutGraph, STATE } from './rollout-graph.ts';

export interface SamplerOptions {
  readonly base: WeightFile;
  /** layout of the adapters and how many sample side by side; left out, the base samples alone */
  readonly adapters?: { readonly layout: AdapterLayout; readonly groups: number };
  /** longest prompt plus response; the model's own limit unless given */
  readonly maximumPositions?: number;
  /** a cancel waits for the current run of the engine, which is kept below this many milliseconds; 4000 unless given */
  readonly runMilliseconds?: number;
  readonly session?: SessionOptions;
}

export interface SampleHooks {
  /** Ends the rollout between two runs of the engine, which are a few seconds long. */
  readonly signal?: AbortSignal;
  /** Called after each run of the engine. */
  readonly onProgress?: (progress: { readonly steps: number; readonly ofAtMost: number }) => void;
}

/** Why a row ended: an end token or stop sequence, or its limit. */
export type FinishReason = 'stop' | 'length';

/** Drawn tokens, row-major [rows, width]; what stands behind a row's length is padding. */
export interface Rollout {
  readonly rows: number;
  /** the longest row */
  readonly width: number;
  /** [rows, width], with the end token or stop sequence */
  readonly tokens: Int32Array;
  /** [rows, width], natural logarithms under the distribution that was drawn from; 0 in the padding */
  readonly logProbabilities: Float32Array;
  /** tokens of each row */
  readonly lengths: Int32Array;
  readonly finishReasons: readonly FinishReason[];
}

const RUN_MILLISECONDS = 4000;

/** Multiplications and additions a second that any machine is taken to reach before it is measured. */
const ASSUMED_RATE = 2e10;

/** A loaded rollout graph. Calls are serial: await one before the next. */
export class Sampler {
  readonly #options: SamplerOptions;
  readonly #maximumPositions: number;
  readonly #session: TensorSession;
  readonly #chunk: number;
  /** milliseconds of one step of one row: assumed at first, then measured */
  #rowStepMilliseconds: number;

  private constructor(options: SamplerOptions, maximumPositions: number, session: TensorSession) {
    this.#options = options;
    this.#maximumPositions = maximumPositions;
    this.#session = session;
    const { configuration } = options.base;
    this.#chunk = chunkSteps(configuration);
    this.#rowStepMilliseconds = (2000 * parameterCount(configuration)) / ASSUMED_RATE;
  }

  /** Builds and loads the graph. @throws SessionError when the engine refuses it */
  static async open(options: SamplerOptions): Promise<Sampler> {
    const { base, adapters, session = {} } = options;
    const maximumPositions = options.maximumPositions ?? base.configuration.maximumPositions;
    const graph = rolloutGraph({
      base,
      form: await cpuProductForm(),
      maximumPositions,
      ...(adapters === undefined ? {} : { adapters }),
    });
    const source = { model: serialiseGraph(graph), folder: base.folder };
    return new Sampler(options, maximumPositions, await TensorSession.open(source, session));
  }

  /**
   * Draws a continuation of every prompt.
   *
   * @param parameters the groups' adapter vectors [groups, P], when the sampler was opened with adapters
   * @throws SamplingRequestError for a request that does not fit, and the signal's reason when it is aborted
   */
  async sample(
    request: SamplingRequest,
    parameters?: Float32Array,
    hooks: SampleHooks = {},
  ): Promise<Rollout> {
    const { configuration } = this.#options.base;
    const groups = this.#options.adapters?.groups ?? 1;
    checkRequest(request, configuration, groups, this.#maximumPositions);
    const rows = request.prompts.length;
    const steps = Math.max(...request.prompts.map((_, row) => limitOf(request, row)));
    const constants = { ...constantFeeds(request, configuration), ...this.#parameterFeed(parameters) };
    let state = startFeeds(request, configuration, groups);
    const parts: HostTensors[] = [];
    let made = 0;
    while (made < steps && !allFinished(state)) {
      hooks.signal?.throwIfAborted();
      const count = Math.min(steps - made, this.#stepsPerRun(rows, made === 0));
      const isLast = made + count >= steps;
      const started = performance.now();
      const results = await this.#session.run(
        {
          ...constants,
          ...state,
          ...stepFeeds(request, made, count),
          firstSteps: firstSteps(made === 0 ? 1 : this.#chunk),
        },
        isLast ? RESULTS : this.#session.outputNames,
      );
      const produced = results['generated']?.shape[1] ?? 0;
      this.#rowStepMilliseconds = (performance.now() - started) / (produced * rows);
      parts.push(results);
      made += produced;
      hooks.onProgress?.({ steps: made, ofAtMost: steps });
      // A run stops early when every row has ended, the last one too: nothing follows it either way.
      if (isLast) break;
      state = this.#nextState(results, groups, rows);
    }
    const rollout = assemble(rows, parts);
    for (const prompt of request.prompts) tokenMeter.prompt += prompt.length;
    for (const length of rollout.lengths) tokenMeter.sampled += length;
    return rollout;
  }

  /** Where the time of all runs went, if the session was opened to profile. */
  profile(): Profile {
    return this.#session.profile();
  }

  /** Frees the engine's memory of the model. */
  async close(): Promise<void> {
    await this.#session.close();
  }

  /** One prompt step and whole chunks, so that where runs are cut changes nothing in the numbers. */
  #stepsPerRun(rows: number, first: boolean): number {
    const chunkMilliseconds = this.#rowStepMilliseconds * rows * this.#chunk;
    const chunks = Math.max(
      1,
      Math.floor((this.#options.runMilliseconds ?? RUN_MILLISECONDS) / chunkMilliseconds),
    );
    return chunks * this.#chunk + (first ? 1 : 0);
  }

  #parameterFeed(parameters: Float32Array | undefined): HostTensors {
    const { adapters } = this.#options;
    if ((adapters === undefined) !== (parameters === undefined)) {
      const cure = adapters === undefined ? 'open the sampler with adapters' : 'give the adapter vectors';
      throw new SamplingRequestError(`parameters do not match how this sampler was opened: ${cure}`);
    }
    if (adapters === undefined || parameters === undefined) return {};
    const shape = [adapters.groups, adapters.layout.length];
    if (parameters.length !== adapters.groups * adapters.layout.length) {
      throw new SamplingRequestError(
        `parameters has ${parameters.length} numbers, the adapters take [${shape.join(', ')}]`,
      );
    }
    return { parameters: { dtype: 'float32', shape, data: parameters } };
  }

  #nextState(results: HostTensors, groups: number, rows: number): HostTensors {
    const names = [...STATE, ...this.#session.inputNames.filter((name) => /^(?:keys|values)\./.test(name))];
    return Object.fromEntries(
      names.map((name) => {
        const value = take(results, `${name}.next`);
        return [name, name === 'tokens' ? { ...value, shape: [groups, rows / groups, 1] } : value];
      }),
    );
  }
}

const RESULTS = ['generated', 'logProbabilities', 'drawn.next', 'stopped.next'];

function firstSteps(count: number): HostTensor {
  return { dtype: 'int64', shape: [], data: BigInt64Array.of(BigInt(count)) };
}

function allFinished(state: HostTensors): boolean {
  return Array.from(take(state, 'finished').data, Number).every((flag) => flag === 1);
}

function take(tensors: HostTensors, name: string): HostTensor {
  const tensor = tensors[name];
  if (tensor === undefined) throw new TypeError(`the rollout graph has no ${name}`);
  return tensor;
}

/** Joins the runs of a rollout into arrays as wide as the longest row. */
function assemble(rows: number, parts: readonly HostTensors[]): Rollout {
  const last = parts.at(-1);
  const lengths = Int32Array.from({ length: rows }, (_, row) =>
    last === undefined ? 0 : Number(take(last, 'drawn.next').data[row]),
  );
  const width = Math.max(0, ...lengths);
  const tokens = new Int32Array(rows * width);
  const logProbabilities = new Float32Array(rows * width);
  let column = 0;
  for (const part of parts) {
    const { shape, data } = take(part, 'generated');
    const logs = take(part, 'logProbabilities').data;
    const made = shape[1] ?? 0;
    for (let row = 0; row < rows; row++) {
      for (let step = 0; step < Math.min(made, width - column); step++) {
        tokens[row * width + column + step] = Number(data[row * made + step]);
        logProbabilities[row * width + column + step] = Number(logs[row * made + step]);
      }
    }
    column += made;
  }
  const finishReasons = Array.from(lengths, (_, row): FinishReason =>
    last !== undefined && Number(take(last, 'stopped.next').data[row]) === 1 ? 'stop' : 'length',
  );
  return { rows, width, tokens, logProbabilities, lengths, finishReasons };
}
