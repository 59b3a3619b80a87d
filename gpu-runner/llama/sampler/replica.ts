/** One session of the sampler: a rollout of its rows, run by run, in this thread or in a thread of its own. */
import type { DrawnTokens, FinishReason, Rollout, SampleHooks, SamplerOptions } from './rollout.ts';
import { assumedRowStep, RUN_MILLISECONDS, runSteps } from '../../../shared/planner/cpu-sampler.ts';
import type { HostTensor, HostTensors, TensorSession } from '../../tensor/session.ts';
import type { RemoteSession } from '../../tensor/session-worker.ts';
import { constantFeeds, limitOf, type SamplingRequest, stepFeeds } from './request.ts';
import { startFeeds } from './start-feeds.ts';
import type { RolloutPlan } from '../model/backend.ts';
import { rotaryFeeds } from '../model/rotary-tables.ts';
import { STATE } from '../model/rollout/rollout-graph-ends.ts';

/** A loaded rollout graph. Calls are serial: await one before the next. */
export class Replica {
  readonly #options: SamplerOptions;
  readonly #session: TensorSession | RemoteSession;
  readonly #plan: RolloutPlan;
  /** longest prompt plus response that the graph was built for */
  readonly #maximumPositions: number;
  /** milliseconds of one step of one row: assumed at first, then measured */
  #rowStepMilliseconds: number;

  constructor(
    options: SamplerOptions,
    maximumPositions: number,
    plan: RolloutPlan,
    session: TensorSession | RemoteSession,
  ) {
    this.#options = options;
    this.#maximumPositions = maximumPositions;
    this.#session = session;
    this.#plan = plan;
    this.#rowStepMilliseconds = assumedRowStep(options.backend.architecture, plan.assumedRate);
  }

  /**
   * Draws a continuation of every prompt of a checked request.
   *
   * @param parameters the `parameters` input when the graph has adapters
   */
  async sample(request: SamplingRequest, parameters: HostTensors, hooks: SampleHooks): Promise<Rollout> {
    const { architecture } = this.#options.backend;
    const groups = this.#options.adapters?.groups ?? 1;
    const rows = request.prompts.length;
    const steps = Math.max(...request.prompts.map((_, row) => limitOf(request, row)));
    const longest = Math.max(...request.prompts.map(({ length }) => length));
    const constants = {
      ...constantFeeds(request, architecture),
      ...rotaryFeeds(architecture, this.#maximumPositions, longest + steps),
      ...parameters,
    };
    let state = startFeeds(request, architecture, groups, this.#plan.cacheType);
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
          ...stepFeeds(request, groups, made, count),
          firstSteps: firstSteps(made === 0 ? 1 : this.#plan.chunkSteps),
          ...(this.#session.inputNames.includes('last') ? { last: flag(isLast) } : {}),
        },
        isLast ? RESULTS : this.#session.outputNames,
      );
      const produced = results['generated']?.shape[1] ?? 0;
      this.#rowStepMilliseconds = (performance.now() - started) / (produced * rows);
      parts.push(results);
      hooks.onTokens?.(drawnIn(results, made));
      made += produced;
      hooks.onProgress?.({ steps: made, ofAtMost: steps });
      // A run stops early when every row has ended, the last one too: nothing follows it either way.
      if (isLast) break;
      state = this.#nextState(results);
    }
    return assemble(rows, parts);
  }

  /** Frees the engine's memory of the model. */
  async close(): Promise<void> {
    await this.#session.close();
  }

  /** One prompt step and whole chunks. */
  #stepsPerRun(rows: number, first: boolean): number {
    const limit = this.#options.runMilliseconds ?? RUN_MILLISECONDS;
    return runSteps(this.#rowStepMilliseconds, rows, this.#plan.chunkSteps, limit) + (first ? 1 : 0);
  }

  #nextState(results: HostTensors): HostTensors {
    const names = [...STATE, ...this.#session.inputNames.filter((name) => /^(?:keys|values)\./.test(name))];
    return Object.fromEntries(names.map((name) => [name, take(results, `${name}.next`)]));
  }
}

const RESULTS = ['generated', 'logProbabilities', 'generatedLengths.next', 'stopped.next'];

function firstSteps(count: number): HostTensor {
  return { dtype: 'int64', shape: [], data: BigInt64Array.of(BigInt(count)) };
}

function flag(value: boolean): HostTensor {
  return { dtype: 'bool', shape: [], data: Uint8Array.of(Number(value)) };
}

function allFinished(state: HostTensors): boolean {
  return Array.from(take(state, 'finished').data, Number).every((flag) => flag === 1);
}

function take(tensors: HostTensors, name: string): HostTensor {
  const tensor = tensors[name];
  if (tensor === undefined) throw new TypeError(`the rollout graph has no ${name}`);
  return tensor;
}

/** What a run drew. @param before steps of the runs before it */
function drawnIn(results: HostTensors, before: number): DrawnTokens[] {
  const { shape, data } = take(results, 'generated');
  const logs = take(results, 'logProbabilities').data;
  const lengths = take(results, 'generatedLengths.next').data;
  const [rows = 0, made = 0] = shape;
  return Array.from({ length: rows }, (_, row) => {
    const count = Math.min(made, Math.max(0, Number(lengths[row]) - before));
    const places = Array.from({ length: count }, (_step, step) => row * made + step);
    return {
      row,
      tokens: places.map((place) => Number(data[place])),
      logProbabilities: places.map((place) => Number(logs[place])),
    };
  });
}

/** Joins the runs of a rollout into arrays as wide as the longest row. */
function assemble(rows: number, parts: readonly HostTensors[]): Rollout {
  const last = parts.at(-1);
  const lengths = Int32Array.from({ length: rows }, (_, row) =>
    last === undefined ? 0 : Number(take(last, 'generatedLengths.next').data[row]),
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
