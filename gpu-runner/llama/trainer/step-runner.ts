/** Runs training steps: the parts of a batch in several sessions side by side, and the optimiser over the sums of their gradients. */
import { dealtParts } from '../../../shared/planner/step-parts.ts';
import type { Profile } from '../../tensor/profile.ts';
import type { HostTensor, HostTensors, TensorSession } from '../../tensor/session.ts';
import { float32 } from './batch.ts';
import type { Lanes } from './lanes.ts';
import type { TrainingState } from './training-state.ts';
import { gradientSum } from './update-graph.ts';

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

/** A sum of gradients over some parts, and what came of each part by its place in the batch. */
interface Summed {
  readonly gradient: Float32Array;
  readonly parts: readonly { readonly index: number; readonly results: HostTensors }[];
}

/** Holds the state of a run in host buffers, a second set of which the engine writes the next state into. */
export class StepRunner {
  readonly #lanes: Lanes;
  readonly #update: TensorSession;
  #state: TrainingState;
  #spare: TrainingState;

  /** @param lanes of the graph of the objective's gradient; @param update of the optimiser's */
  constructor(lanes: Lanes, update: TensorSession, state: TrainingState) {
    this.#lanes = lanes;
    this.#update = update;
    this.#state = copyState(state);
    this.#spare = copyState(state);
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
    const { groups, step } = this.#state;
    if (batches.length === 0) throw new RangeError('A step needs at least one micro-batch');
    if (learningRates.length !== groups) {
      throw new RangeError(`${learningRates.length} learning rates for ${groups} groups`);
    }
    const dealt = dealtParts(batches.map(({ feeds }) => feeds['tokens']?.data.length ?? 0));
    const sums = await Promise.all(
      dealt.map(
        async (indices, lane) =>
          await this.#summed(
            lane,
            indices.map((index) => ({ index, batch: batches[index] })),
          ),
      ),
    );
    const gradientNorms = await this.#updated(
      sums.map(({ gradient }) => gradient),
      learningRates,
    );
    const next = { ...this.#spare, step: step + 1 };
    this.#spare = this.#state;
    this.#state = next;
    const results = sums
      .flatMap(({ parts }) => parts)
      .toSorted((one, other) => one.index - other.index)
      .map((part) => part.results);
    return {
      loss: results.reduce((sum, { loss }) => sum + Number(loss?.data[0] ?? Number.NaN), 0),
      gradientNorms,
      scored: results.map((tensors) =>
        Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, floatsOf(tensor)])),
      ),
    };
  }

  /** The gradients of some parts, one added to the other: g = (g_1 + g_2) + ... */
  async #summed(
    lane: number,
    parts: readonly { readonly index: number; readonly batch: Microbatch | undefined }[],
  ): Promise<Summed> {
    const { groups, length, parameters } = this.#state;
    const shape = [groups, length];
    let gradient: Float32Array = new Float32Array(groups * length);
    const found: { index: number; results: HostTensors }[] = [];
    for (const { index, batch } of parts) {
      if (batch === undefined) continue;
      const wanted = Object.entries(batch.scored).map(([name, dimensions]) => {
        const size = dimensions.reduce((product, dimension) => product * dimension, 1);
        return [name, float32(dimensions, new Float32Array(size))] as const;
      });
      const { gradient: sum, ...results } = await this.#lanes.run(
        lane,
        { ...batch.feeds, parameters: float32(shape, parameters), accumulated: float32(shape, gradient) },
        {
          ...Object.fromEntries(wanted),
          loss: float32([], new Float32Array(1)),
          gradient: float32(shape, new Float32Array(gradient.length)),
        },
      );
      gradient = floatsOf(sum);
      found.push({ index, results });
    }
    return { gradient, parts: found };
  }

  /** Writes the next state into the spare one; gives the norms of the gradients. */
  async #updated(
    gradients: readonly Float32Array[],
    learningRates: ArrayLike<number>,
  ): Promise<Float32Array> {
    const { groups, length, step } = this.#state;
    const shape = [groups, length];
    const norms = new Float32Array(groups);
    await this.#update.run(
      {
        ...stateTensors(this.#state, shape, ['parameters', 'firstMoments', 'secondMoments']),
        ...Object.fromEntries(gradients.map((sum, index) => [gradientSum(index), float32(shape, sum)])),
        learningRates: float32([groups, 1], Float32Array.from(learningRates)),
        step: float32([], Float32Array.of(step + 1)),
      },
      {
        ...stateTensors(this.#spare, shape, ['nextParameters', 'nextFirstMoments', 'nextSecondMoments']),
        gradientNorms: float32([groups, 1], norms),
      },
    );
    return norms;
  }

  /** Where the time of all gradients went, if the session was opened to profile. */
  async profile(): Promise<Profile> {
    return await this.#lanes.profile();
  }

  async close(): Promise<void> {
    await this.#lanes.close();
    await this.#update.close();
  }
}

/** The numbers of a result in fp32. */
function floatsOf(tensor: HostTensor | undefined): Float32Array {
  if (tensor?.data instanceof Float32Array) return tensor.data;
  throw new RangeError(`a step gives fp32 numbers, not ${tensor?.dtype ?? 'nothing'}`);
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
