/** Forward passes of the training graph: log-probabilities, entropies, values and scores of given sequences. */
import { vocabularyBlock } from '../../../shared/planner/model-bytes.ts';
import { readingRows } from '../../../shared/planner/reading-rows.ts';
import type { HostTensor, HostTensors, SessionOptions, TensorSession } from '../../tensor/session.ts';
import { lastOf, scoredCount, type Sequence } from '../model/sequence.ts';
import { float32, Picks } from './batch.ts';
import { alikeBeginnings, type Bundles, bundleSize, rowsOf } from './bundles.ts';
import {
  architectureOf,
  groupsOf,
  type Scoring,
  forwardGraph,
  type Trainable,
  vectorLength,
} from './graphs.ts';
import { inOrder, likeLengths } from './like-lengths.ts';
import { openGraph } from './lanes.ts';
import { assertGroups, graphOptions, pickFeeds, tokenFeeds, type TokenNumbers } from './trainer.ts';

export interface ForwardPassOptions {
  readonly trainable: Trainable;
  readonly scoring: Scoring;
  readonly maximumTime: number;
  /** logits are divided by it, 1 unless given */
  readonly temperature?: number;
  /** sequences of one group that go through the graph together, or fewer where those would take much memory */
  readonly microbatchRows: number;
  readonly session?: SessionOptions;
}

type Groups = readonly (readonly Sequence[])[];

/** What was asked for; by group, sequence and scored place. */
export interface Scores {
  readonly logProbabilities: TokenNumbers;
  readonly entropies: TokenNumbers;
  readonly scalars: TokenNumbers;
}

/**
 * Scores sequences by the operators of the training step. Groups are adapters: a vector of zeros is the base itself
 * (the reference policy).
 */
export class ForwardPass {
  readonly #options: ForwardPassOptions;
  readonly #session: TensorSession;

  private constructor(options: ForwardPassOptions, session: TensorSession) {
    this.#options = options;
    this.#session = session;
  }

  static async open(options: ForwardPassOptions): Promise<ForwardPass> {
    const { trainable, scoring, maximumTime, temperature, session = {} } = options;
    const graph = forwardGraph(graphOptions(trainable, maximumTime, temperature), scoring);
    const groups = groupsOf(trainable);
    const wanted = options.microbatchRows * groups;
    const rows = Math.floor(readingRows(architectureOf(trainable), wanted, maximumTime) / groups);
    return new ForwardPass(
      { ...options, microbatchRows: Math.max(1, rows) },
      await openGraph(graph, trainable, session),
    );
  }

  /**
   * Token log-probabilities and entropies (when opened for tokens) and scalars at the same places (when opened for
   * scalars) of every sequence from its `start` on.
   *
   * @param vectors the groups' trained vectors, [G, P] (see {@link initialState}) or a state's parameters
   */
  async score(vectors: Float32Array, groups: Groups): Promise<Scores> {
    const { trainable, microbatchRows } = this.#options;
    assertGroups(groups, trainable);
    const parts = partsOf(groups, microbatchRows);
    const found: Record<keyof Scores, Float32Array[][][]> = {
      logProbabilities: [],
      entropies: [],
      scalars: [],
    };
    for (const part of parts) {
      const { feeds, tokens, scalars } = this.#feeds(vectors, part.groups);
      const results = await this.#session.run(feeds);
      const read = (name: keyof Scores, picks: Picks): void => {
        const tensor = results[name];
        const none = part.groups.map(() => []);
        found[name].push(
          tensor === undefined ? none : picks.unpack(Array.from(tensor.data, Number), rowsOf(part.groups)),
        );
      };
      read('logProbabilities', tokens);
      read('entropies', tokens);
      read('scalars', scalars);
    }
    return {
      logProbabilities: inOrder(parts, found.logProbabilities),
      entropies: inOrder(parts, found.entropies),
      scalars: inOrder(parts, found.scalars),
    };
  }

  /**
   * Next-token logits, divided by the temperature, after each whole sequence (strict-mode sampling).
   *
   * @returns by group and sequence, [vocabulary]
   */
  async nextLogits(
    vectors: Float32Array,
    groups: readonly (readonly ArrayLike<number>[])[],
  ): Promise<Float32Array[][]> {
    const out: Float32Array[][] = groups.map(() => []);
    const rows = groups.map((sequences) => sequences.map(lastOf));
    await this.visitLogits(vectors, rows, (logits, { group, row }) => {
      const own = out[group];
      if (own !== undefined) own[row] = logits.slice();
    });
    return out;
  }

  /**
   * Logits, divided by the temperature, at every scored place: sequences in any order, the places of each in theirs.
   *
   * @param visit takes [vocabulary], a view that holds until it returns, and where it belongs
   */
  async visitLogits(
    vectors: Float32Array,
    groups: Groups,
    visit: (logits: Float32Array, place: { readonly group: number; readonly row: number }) => void,
  ): Promise<void> {
    const { trainable, microbatchRows } = this.#options;
    const { vocabularySize } = architectureOf(trainable);
    for (const { groups: part, places } of partsOf(groups, microbatchRows)) {
      const { feeds } = this.#feeds(vectors, part);
      const logits = (await this.#session.run(feeds))['logits']?.data;
      if (!(logits instanceof Float32Array))
        throw new TypeError('This forward pass was not opened for logits');
      let place = 0;
      rowsOf(part).forEach((sequences, group) => {
        sequences.forEach((sequence, row) => {
          for (let scored = 0; scored < scoredCount(sequence); scored++, place++) {
            const start = place * vocabularySize;
            visit(logits.subarray(start, start + vocabularySize), {
              group,
              row: places[group]?.[row] ?? -1,
            });
          }
        });
      });
    }
  }

  async close(): Promise<void> {
    await this.#session.close();
  }

  #feeds(vectors: Float32Array, part: Bundles): { feeds: HostTensors; tokens: Picks; scalars: Picks } {
    const { trainable, maximumTime, scoring } = this.#options;
    const { shape, feeds } = tokenFeeds(part, trainable, maximumTime, false);
    const tokens = new Picks(part, shape, vocabularyBlock(architectureOf(trainable)));
    const scalars = new Picks(part, shape, 1);
    const parameters: HostTensor = float32([groupsOf(trainable), vectorLength(trainable)], vectors);
    const wantsScalars = scoring === 'scalars' || scoring === 'tokens-and-scalars';
    return {
      tokens,
      scalars,
      feeds: {
        ...feeds,
        parameters,
        ...(scoring === 'scalars' ? {} : { ...pickFeeds('token', tokens, false) }),
        ...(scoring === 'scalars' || scoring === 'logits' ? {} : { tokenTargets: tokens.targets() }),
        ...(wantsScalars ? { ...pickFeeds('scalar', scalars, false), scalarGroups: scalars.groups() } : {}),
      },
    };
  }
}

/** Bundles that go through the engine together, and the places of their sequences in each group. */
interface ReadPart {
  readonly groups: Bundles;
  readonly places: readonly (readonly number[])[];
}

/** Texts that begin alike are read together, whatever their order: nobody's numbers hang on who is read beside him. */
function partsOf(groups: Groups, most: number): ReadPart[] {
  const bundled = groups.map((rows) =>
    alikeBeginnings(rows, most).map((places) => ({
      places,
      sequences: places.flatMap((place) => rows[place] ?? []),
    })),
  );
  return likeLengths(bundled, { rows: most }, ({ sequences }) => bundleSize(sequences)).map((part) => ({
    groups: part.groups.map((bundles) => bundles.map(({ sequences }) => sequences)),
    places: part.groups.map((bundles) => bundles.flatMap(({ places }) => places)),
  }));
}
