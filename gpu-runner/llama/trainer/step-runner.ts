/** Runs training steps on a loaded graph: micro-batches accumulate, the last one updates the state. */
import type { Profile } from '../../tensor/profile.ts';
import { serialiseGraph } from '../../tensor/serialise.ts';
import type { Graph } from '../../tensor/graph.ts';
import { type HostTensors, type SessionOptions, TensorSession } from '../../tensor/session.ts';
import { float32 } from './batch.ts';
import type { Trainable } from './graphs.ts';
import type { TrainingState } from './training-state.ts';

/** Loads a graph of this model. */
export async function openGraph(
  graph: Graph,
  trainable: Trainable,
  options: SessionOptions,
): Promise<TensorSession> {
  const model = serialiseGraph(graph);
  if (trainable.kind === 'full')
    return await TensorSession.open({ model }, { memoryPattern: false, ...options });
  const { folder, trainingSession } = trainable.backend;
  return await TensorSession.open({ model, folder }, { ...trainingSession, ...options });
}

/** One micro-batch: its inputs, and the shapes of what the objective scores. */
export interface Microbatch {
  readonly feeds: HostTensors;
  readonly scored: Readonly<Record<string, readonly number[]>>;
}

/** What a step gives back. */
export interface StepOutcome {
  /** loss of the whole batch */
  readonly loss: number;
  /** norm of each group's gradient before clipping */
  readonly gradientNorms: Float32Array;
  /** per micro-batch, the scored outputs by name */
  readonly scored: readonly Readonly<Record<string, Float32Array>>[];
}

/** Holds the state of a run in host buffers, a second set of which the engine writes the next state into. */
export class StepRunner {
  readonly #session: TensorSession;
  #state: TrainingState;
  #spare: TrainingState;
  #gradients: [Float32Array, Float32Array];

  constructor(session: TensorSession, state: TrainingState) {
    this.#session = session;
    this.#state = copyState(state);
    this.#spare = copyState(state);
    const zeros = (): Float32Array => new Float32Array(state.parameters.length);
    this.#gradients = [zeros(), zeros()];
  }

  /** The current state; its arrays are reused two steps later, so copy what must stay. */
  get state(): TrainingState {
    return this.#state;
  }

  /** Continues from another state of the same shape. @throws RangeError if the shape differs */
  restore(state: TrainingState): void {
    if (state.groups !== this.#state.groups || state.length !== this.#state.length) {
      throw new RangeError(
        `The state has ${state.groups} groups of ${state.length}, this session ${this.#state.groups} of ` +
          `${this.#state.length}: open one with the architecture that wrote it`,
      );
    }
    this.#state = copyState(state);
  }

  /** One update. @param learningRates one per group */
  async step(batches: readonly Microbatch[], learningRates: ArrayLike<number>): Promise<StepOutcome> {
    const { groups, length, step } = this.#state;
    if (batches.length === 0) throw new RangeError('A step needs at least one micro-batch');
    if (learningRates.length !== groups) {
      throw new RangeError(`${learningRates.length} learning rates for ${groups} groups`);
    }
    const shape = [groups, length];
    const rates = float32([groups, 1], Float32Array.from(learningRates));
    const norms = new Float32Array(groups);
    const scored: Record<string, Float32Array>[] = [];
    let loss = 0;
    this.#gradients[0].fill(0);
    for (const [index, batch] of batches.entries()) {
      const [before, after] = this.#gradients;
      const results: Record<string, Float32Array> = {};
      const wanted = Object.entries(batch.scored).map(([name, dimensions]) => {
        const data = new Float32Array(dimensions.reduce((product, size) => product * size, 1));
        results[name] = data;
        return [name, float32(dimensions, data)] as const;
      });
      const lossOf = new Float32Array(1);
      const last = index === batches.length - 1;
      await this.#session.run(
        {
          ...batch.feeds,
          ...stateTensors(this.#state, shape, ['parameters', 'firstMoments', 'secondMoments']),
          accumulated: float32(shape, before),
          learningRates: rates,
          step: float32([], Float32Array.of(step + 1)),
        },
        {
          ...Object.fromEntries(wanted),
          loss: float32([], lossOf),
          ...(last
            ? {
                ...stateTensors(this.#spare, shape, [
                  'nextParameters',
                  'nextFirstMoments',
                  'nextSecondMoments',
                ]),
                gradientNorms: float32([groups, 1], norms),
              }
            : { gradient: float32(shape, after) }),
        },
      );
      this.#gradients = [after, before];
      loss += lossOf[0] ?? Number.NaN;
      scored.push(results);
    }
    const next = { ...this.#spare, step: step + 1 };
    this.#spare = this.#state;
    this.#state = next;
    return { loss, gradientNorms: norms, scored };
  }

  /** Where the time of all steps went, if the session was opened to profile. */
  profile(): Profile {
    return this.#session.profile();
  }

  async close(): Promise<void> {
    await this.#session.close();
  }
}

function copyState(state: TrainingState): TrainingState {
  return {
    ...state,
    parameters: state.parameters.slice(),
    firstMoments: state.firstMoments.slice(),
    secondMoments: state.secondMoments.slice(),
  };
}

function stateTensors(
  state: TrainingState,
  shape: readonly number[],
  [parameters, first, second]: readonly [string, string, string],
): HostTensors {
  return {
    [parameters]: float32(shape, state.parameters),
    [first]: float32(shape, state.firstMoments),
    [second]: float32(shape, state.secondMoments),
  };
}
