/** Sessions of one graph that work side by side, each in a thread of its own. */
import { availableParallelism } from 'node:os';
import { baseBytes, layerWeights } from '../../../shared/planner/model-bytes.ts';
import { laneCount } from '../../../shared/planner/step-parts.ts';
import type { Graph } from '../../tensor/graph.ts';
import type { Profile } from '../../tensor/profile.ts';
import { serialiseGraph } from '../../tensor/serialise.ts';
import {
  type HostTensors,
  type ModelSource,
  type SessionOptions,
  TensorSession,
} from '../../tensor/session.ts';
import { type RemoteSession, SessionWorker } from '../../tensor/session-worker.ts';
import { architectureOf, type Trainable } from './graphs.ts';

/** A layer with fewer weights than this is done before another thread is asked. */
const LEAST_WEIGHTS = 1 << 18;

/** A graph's bytes and how its sessions are opened. */
function sessionOf(
  graph: Graph,
  trainable: Trainable,
  options: SessionOptions,
): { readonly source: ModelSource; readonly options: SessionOptions } {
  const model = serialiseGraph(graph);
  if (trainable.kind === 'full') return { source: { model }, options: { memoryPattern: false, ...options } };
  const { folder, trainingSession } = trainable.backend;
  return { source: { model, folder }, options: { ...trainingSession, ...options } };
}

/** Loads a graph of this model. */
export async function openGraph(
  graph: Graph,
  trainable: Trainable,
  options: SessionOptions,
): Promise<TensorSession> {
  const session = sessionOf(graph, trainable, options);
  return await TensorSession.open(session.source, session.options);
}

/** A graph of which several runs may be under way. */
export class Lanes {
  readonly #sessions: readonly (TensorSession | RemoteSession)[];
  readonly #workers: readonly SessionWorker[];

  private constructor(
    sessions: readonly (TensorSession | RemoteSession)[],
    workers: readonly SessionWorker[],
  ) {
    this.#sessions = sessions;
    this.#workers = workers;
  }

  /** Loads the graph in as many sessions as there is use for. @throws SessionError when the engine refuses it */
  static async open(graph: Graph, trainable: Trainable, options: SessionOptions): Promise<Lanes> {
    const { source, options: opened } = sessionOf(graph, trainable, options);
    const threads = opened.threads ?? availableParallelism();
    const count = sessionsFor(trainable, opened, threads);
    if (count === 1) return new Lanes([await TensorSession.open(source, opened)], []);
    const workers = Array.from({ length: count }, () => new SessionWorker());
    try {
      const each = { ...opened, threads: Math.floor(threads / count) };
      const sessions = await Promise.all(workers.map(async (worker) => await worker.open(source, each)));
      return new Lanes(sessions, workers);
    } catch (error) {
      await Promise.all(workers.map(async (worker) => await worker.close()));
      throw error;
    }
  }

  /**
   * One run, as {@link TensorSession.run}; outputs stand in the result, since buffers given may have moved there.
   *
   * @param lane any number: lanes beyond the last begin again at the first
   */
  async run(lane: number, feeds: HostTensors, outputs: HostTensors): Promise<HostTensors> {
    const session = this.#sessions[lane % this.#sessions.length];
    if (session === undefined) throw new RangeError(`no lane ${lane}`);
    return await session.run(feeds, outputs);
  }

  /** Where the time of all runs went, if opened to profile: then there is one session. */
  async profile(): Promise<Profile> {
    const [only] = this.#sessions;
    if (only === undefined) throw new RangeError('no session');
    return await only.profile();
  }

  /** Frees the engine's memory of the model. */
  async close(): Promise<void> {
    await Promise.all(this.#sessions.map(async (session) => await session.close()));
    await Promise.all(this.#workers.map(async (worker) => await worker.close()));
  }
}

function sessionsFor(trainable: Trainable, options: SessionOptions, threads: number): number {
  if (options.device === 'cuda' || options.profile === true) return 1;
  const architecture = architectureOf(trainable);
  return layerWeights(architecture) < LEAST_WEIGHTS ? 1 : laneCount(baseBytes('cpu', architecture), threads);
}
