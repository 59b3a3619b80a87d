/** The sampler: continues batches of prompts on the 8-bit base, alone or under adapters, one engine run per rollout. */
import type { Profile } from '../../tensor/profile.ts';
import type { Rollout, SampleHooks, SamplerOptions } from './rollout.ts';
import { serialiseGraph } from '../../tensor/serialise.ts';
import { type HostTensors, TensorSession } from '../../tensor/session.ts';
import { SessionWorker } from '../../tensor/session-worker.ts';
import { tokenMeter } from '../model/token-meter.ts';
import { Replica } from './replica.ts';
import { joinParts, splitRows } from './replica-rows.ts';
import { checkRequest, SamplingRequestError, type SamplingRequest } from './request.ts';

/** A loaded rollout graph. Calls are serial: await one before the next. */
export class Sampler {
  readonly #options: SamplerOptions;
  readonly #maximumPositions: number;
  readonly #replicas: readonly Replica[];
  readonly #workers: readonly SessionWorker[];
  readonly #own: TensorSession;

  private constructor(
    options: SamplerOptions,
    maximumPositions: number,
    replicas: readonly Replica[],
    workers: readonly SessionWorker[],
    own: TensorSession,
  ) {
    this.#options = options;
    this.#maximumPositions = maximumPositions;
    this.#replicas = replicas;
    this.#workers = workers;
    this.#own = own;
  }

  /** Builds and loads the graph. @throws SessionError when the engine refuses it */
  static async open(options: SamplerOptions): Promise<Sampler> {
    const { backend, adapters, rows = 1 } = options;
    const maximumPositions = options.maximumPositions ?? backend.architecture.maximumPositions;
    const plan = backend.planRollout(
      { rows, maximumPositions, ...(adapters === undefined ? {} : { adapters }) },
      options.session ?? {},
    );
    const source = { model: serialiseGraph(plan.graph), folder: backend.folder };
    const workers = Array.from({ length: plan.replicas - 1 }, () => new SessionWorker());
    try {
      const own = await TensorSession.open(source, plan.session);
      const others = await Promise.all(
        workers.map(
          async (worker) =>
            new Replica(options, maximumPositions, plan, await worker.open(source, plan.session)),
        ),
      );
      return new Sampler(
        options,
        maximumPositions,
        [...others, new Replica(options, maximumPositions, plan, own)],
        workers,
        own,
      );
    } catch (error) {
      await Promise.all(workers.map(async (worker) => await worker.close()));
      throw error;
    }
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
    const groups = this.#options.adapters?.groups ?? 1;
    checkRequest(request, this.#options.backend.architecture, groups, this.#maximumPositions);
    const feed = this.#parameterFeed(parameters);
    const parts = splitRows(request, groups, this.#replicas.length);
    const done = parts.map(() => ({ steps: 0, ofAtMost: 0 }));
    // Sessions of other threads start first: the own one blocks this thread while it runs.
    const rollouts = await Promise.all(
      parts.map(async (part, index) => {
        const replica = this.#replicas[index + this.#replicas.length - parts.length];
        if (replica === undefined)
          throw new RangeError(`${parts.length} parts for ${this.#replicas.length} replicas`);
        const onProgress: SampleHooks['onProgress'] = (progress) => {
          done[index] = progress;
          hooks.onProgress?.({
            steps: Math.min(...done.map(({ steps }) => steps)),
            ofAtMost: Math.max(...done.map(({ ofAtMost }) => ofAtMost)),
          });
        };
        const { signal, onTokens } = hooks;
        return await replica.sample(part.request, feed, {
          onProgress,
          ...(signal === undefined ? {} : { signal }),
          ...(onTokens === undefined
            ? {}
            : {
                onTokens: (drawn) =>
                  onTokens(drawn.map((one) => ({ ...one, row: part.rows[one.row] ?? one.row }))),
              }),
        });
      }),
    );
    const rollout = joinParts(request.prompts.length, parts, rollouts);
    for (const prompt of request.prompts) tokenMeter.prompt += prompt.length;
    for (const length of rollout.lengths) tokenMeter.sampled += length;
    return rollout;
  }

  /** Where the time of all runs went, if the session was opened to profile: such a sampler has one session only. */
  profile(): Profile {
    return this.#own.profile();
  }

  /** Frees the engine's memory of the model. */
  async close(): Promise<void> {
    await Promise.all(this.#replicas.map(async (replica) => await replica.close()));
    await Promise.all(this.#workers.map(async (worker) => await worker.close()));
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
}
