/** Direct preference optimisation: pairs of responses train the policy itself, without a preference model. */
import { vocabularyBlock } from '../../../shared/planner/model-bytes.ts';
import { scoredCount, type Sequence } from '../model/sequence.ts';
import { float32, Picks } from './batch.ts';
import { architectureOf, type Trainable } from './graphs.ts';
import type { Microbatch, StepRunner } from './step-runner.ts';
import {
  assertGroups,
  meanFactors,
  microbatches,
  openStep,
  pickFeeds,
  tokenFeeds,
  Trainer,
  type TrainerOptions,
} from './trainer.ts';

/** Two responses to one prompt; each sequence is scored from its response's first token on. */
export interface DirectPreferencePair {
  readonly chosen: Sequence;
  readonly rejected: Sequence;
  /** log p(chosen) - log p(rejected) under the reference, nats; 0 without one */
  readonly referenceMargin: number;
  /** nats by which the margin must exceed the reference's for an even loss; 0 in plain DPO */
  readonly targetMargin: number;
  /** P(chosen is better), in [0, 1] */
  readonly target: number;
}

type Groups = readonly (readonly DirectPreferencePair[])[];

export interface DirectPreferenceStep {
  /** sum over groups of the mean binary cross-entropy, nats per pair */
  readonly loss: number;
  /** by group and pair: log p(chosen) - log p(rejected) minus the reference's, nats, before the update */
  readonly margins: readonly (readonly number[])[];
  readonly gradientNorms: Float32Array;
}

export interface DirectPreferenceLoss {
  /** how strongly a policy far from the reference is held back, above 0 */
  readonly beta: number;
  /** whether log p is the mean over the tokens of a response, and not their sum */
  readonly perToken: boolean;
}

/** Trains by direct preference loss. Groups train side by side, each on its own pairs. */
export class DirectPreferenceTrainer extends Trainer {
  readonly #perToken: boolean;

  private constructor(options: TrainerOptions, runner: StepRunner, perToken: boolean) {
    super(options, runner);
    this.#perToken = perToken;
  }

  /** `microbatchRows` counts texts: a pair is two. */
  static async open(
    options: TrainerOptions,
    { beta, perToken }: DirectPreferenceLoss,
  ): Promise<DirectPreferenceTrainer> {
    const step = await openStep(options, { kind: 'direct-preference', beta });
    return new DirectPreferenceTrainer(options, step, perToken);
  }

  /** One update on the pairs of each group. @param learningRates one per group */
  async step(groups: Groups, learningRates: ArrayLike<number>): Promise<DirectPreferenceStep> {
    const { trainable, maximumTime, microbatchRows } = this.options;
    assertGroups(groups, trainable);
    for (const { target } of groups.flat()) {
      if (!(target >= 0 && target <= 1))
        throw new RangeError(`A pair has the label ${target}, not a probability`);
    }
    const factors = meanFactors(groups, () => 1);
    const parts = microbatches(groups, Math.max(1, Math.floor(microbatchRows / 2))).map((pairs) =>
      directPreferenceBatch(pairs, factors, trainable, maximumTime, this.#perToken),
    );
    const outcome = await this.runner.step(
      parts.map(({ batch }) => batch),
      learningRates,
    );
    const margins: number[][] = groups.map(() => []);
    parts.forEach(({ pairs, rows, picks }, index) => {
      const scores = picks.unpack(outcome.scored[index]?.['logProbabilities'] ?? [], rows);
      const total = (group: number, row: number): number => {
        const values = Array.from(scores[group]?.[row] ?? []);
        return values.reduce((sum, value) => sum + value, 0) / (this.#perToken ? values.length : 1);
      };
      pairs.forEach((groupPairs, group) => {
        groupPairs.forEach(({ referenceMargin }, pair) => {
          margins[group]?.push(total(group, 2 * pair) - total(group, 2 * pair + 1) - referenceMargin);
        });
      });
    });
    return { loss: outcome.loss, margins, gradientNorms: outcome.gradientNorms };
  }
}

/** The feeds of one micro-batch. @param factors per group, 1 / (pairs of the whole batch) */
function directPreferenceBatch(
  pairs: Groups,
  factors: readonly number[],
  trainable: Trainable,
  maximumTime: number,
  perToken: boolean,
): { pairs: Groups; rows: readonly (readonly Sequence[])[]; picks: Picks; batch: Microbatch } {
  const rows = pairs.map((group) => group.flatMap(({ chosen, rejected }) => [chosen, rejected]));
  const { shape, feeds } = tokenFeeds(rows, trainable, maximumTime, true);
  const picks = new Picks(rows, shape, vocabularyBlock(architectureOf(trainable)));
  const count = pairs.flat().length;
  const firstPair = pairs.map((_, group) => pairs.slice(0, group).flat().length);
  const ofPair = (name: (pair: DirectPreferencePair, group: number) => number) =>
    float32(
      [count, 1],
      Float32Array.from(pairs.flatMap((group, index) => group.map((pair) => name(pair, index)))),
    );
  const batch: Microbatch = {
    feeds: {
      ...feeds,
      ...pickFeeds('token', picks, true),
      tokenTargets: picks.targets(),
      pairSigns: picks.signs(count, (group, row) => {
        const sequence = rows[group]?.[row];
        const share = perToken && sequence !== undefined ? 1 / scoredCount(sequence) : 1;
        return {
          pair: (firstPair[group] ?? 0) + Math.floor(row / 2),
          sign: row % 2 === 0 ? share : -share,
        };
      }),
      referenceMargins: ofPair(({ referenceMargin, targetMargin }) => referenceMargin + targetMargin),
      preferenceTargets: ofPair(({ target }) => target),
      preferenceWeights: ofPair((_, group) => factors[group] ?? 0),
    },
    scored: { logProbabilities: picks.shape },
  };
  return { pairs, rows, picks, batch };
}
