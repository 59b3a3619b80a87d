/** Direct preference optimisation: pairs of responses train the policy itself, without a preference model. */
import { vocabularyBlock } from '../../../shared/planner/model-bytes.ts';
import { scoredCount, type Sequence } from '../model/sequence.ts';
import { float32, Picks } from './batch.ts';
import { bundleSize, rowsOf } from './bundles.ts';
import { architectureOf, type Trainable } from './graphs.ts';
import { inOrder, likeLengths } from './like-lengths.ts';
import type { Microbatch, StepRunner } from './step-runner.ts';
import {
  assertGroups,
  meanFactors,
  openStep,
  pickFeeds,
  stepLimits,
  tokenFeeds,
  Trainer,
  type TrainerOptions,
} from './trainer.ts';

/** Two responses to one prompt; each sequence is scored from its response's first token on. */
export interface DirectPreferencePair {
  readonly chosen: Sequence;
  readonly rejected: Sequence;
  /** log p of each side under the reference, nats; 0 without one */
  readonly reference: { readonly chosen: number; readonly rejected: number };
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
  /** what is compared: the sides of a pair with each other, or every response with a baseline of its step */
  readonly entry: 'pair' | 'response';
  /** how strongly a policy far from the reference is held back, above 0 */
  readonly beta: number;
  /** whether log p is the mean over the tokens of a response, and not their sum */
  readonly perToken: boolean;
}

/** Trains by direct preference loss. Groups train side by side, each on its own pairs. */
export class DirectPreferenceTrainer extends Trainer {
  readonly #loss: DirectPreferenceLoss;

  private constructor(options: TrainerOptions, runner: StepRunner, loss: DirectPreferenceLoss) {
    super(options, runner);
    this.#loss = loss;
  }

  /** `microbatchRows` counts texts: a pair is two. */
  static async open(options: TrainerOptions, loss: DirectPreferenceLoss): Promise<DirectPreferenceTrainer> {
    const kind = loss.entry === 'pair' ? 'direct-preference' : 'prospect';
    return new DirectPreferenceTrainer(options, await openStep(options, { kind, beta: loss.beta }), loss);
  }

  /**
   * One update on the pairs of each group.
   *
   * @param learningRates one per group
   * @param baselines one per group, nats over the reference at which a response is neither gained nor lost; for entries
   *   of one response
   */
  async step(
    groups: Groups,
    learningRates: ArrayLike<number>,
    baselines: ArrayLike<number> = [],
  ): Promise<DirectPreferenceStep> {
    const { trainable, maximumTime } = this.options;
    assertGroups(groups, trainable);
    for (const { target } of groups.flat()) {
      if (!(target >= 0 && target <= 1))
        throw new RangeError(`A pair has the label ${target}, not a probability`);
    }
    const factors = meanFactors(groups, () => 1);
    const parts = likeLengths(groups, stepLimits(this.options), (pair) => bundleSize(sidesOf(pair)));
    const batches = parts.map((part) =>
      directPreferenceBatch(part.groups, factors, trainable, maximumTime, this.#loss, baselines),
    );
    const outcome = await this.runner.step(
      batches.map(({ batch }) => batch),
      learningRates,
    );
    const margins = batches.map(({ pairs, rows, picks }, index) => {
      const scores = picks.unpack(outcome.scored[index]?.['logProbabilities'] ?? [], rows);
      const total = (group: number, row: number): number => {
        const values = Array.from(scores[group]?.[row] ?? []);
        return values.reduce((sum, value) => sum + value, 0) / (this.#loss.perToken ? values.length : 1);
      };
      return pairs.map((groupPairs, group) =>
        groupPairs.map(
          ({ reference: { chosen, rejected } }, pair) =>
            total(group, 2 * pair) - total(group, 2 * pair + 1) - (chosen - rejected),
        ),
      );
    });
    return { loss: outcome.loss, margins: inOrder(parts, margins), gradientNorms: outcome.gradientNorms };
  }
}

/** What one entry of the loss is compared with. */
interface Entry {
  readonly reference: number;
  readonly target: number;
  readonly weight: number;
}

/** The entries of a pair: itself, or its two responses, which share its weight. */
function entriesOf(
  { reference, targetMargin, target }: DirectPreferencePair,
  entry: DirectPreferenceLoss['entry'],
  baseline: number,
  weight: number,
): readonly Entry[] {
  const { chosen, rejected } = reference;
  if (entry === 'pair') return [{ reference: chosen - rejected + targetMargin, target, weight }];
  return [
    { reference: chosen + baseline, target, weight: weight / 2 },
    { reference: rejected + baseline, target: 1 - target, weight: weight / 2 },
  ];
}

/** Both are read behind the one prompt. */
const sidesOf = ({ chosen, rejected }: DirectPreferencePair): readonly Sequence[] => [chosen, rejected];

/** The feeds of one micro-batch. @param factors per group, 1 / (pairs of the whole batch) */
function directPreferenceBatch(
  pairs: Groups,
  factors: readonly number[],
  trainable: Trainable,
  maximumTime: number,
  { entry, perToken }: DirectPreferenceLoss,
  baselines: ArrayLike<number>,
): { pairs: Groups; rows: readonly (readonly Sequence[])[]; picks: Picks; batch: Microbatch } {
  const bundles = pairs.map((group) => group.map(sidesOf));
  const rows = rowsOf(bundles);
  const { shape, feeds } = tokenFeeds(bundles, trainable, maximumTime, true);
  const picks = new Picks(bundles, shape, vocabularyBlock(architectureOf(trainable)));
  const entries = pairs.flatMap((group, index) =>
    group.flatMap((pair) => entriesOf(pair, entry, baselines[index] ?? 0, factors[index] ?? 0)),
  );
  const firstRow = rows.map((_, group) => rows.slice(0, group).flat().length);
  const rowsPerEntry = entry === 'pair' ? 2 : 1;
  const ofEntry = (name: keyof Entry) =>
    float32(
      [entries.length, 1],
      Float32Array.from(entries, (one) => one[name]),
    );
  const batch: Microbatch = {
    feeds: {
      ...feeds,
      ...pickFeeds('token', picks, true),
      tokenTargets: picks.targets(),
      pairSigns: picks.signs(entries.length, (group, row) => {
        const sequence = rows[group]?.[row];
        const share = perToken && sequence !== undefined ? 1 / scoredCount(sequence) : 1;
        return {
          pair: Math.floor(((firstRow[group] ?? 0) + row) / rowsPerEntry),
          sign: row % rowsPerEntry === 0 ? share : -share,
        };
      }),
      referenceMargins: ofEntry('reference'),
      preferenceTargets: ofEntry('target'),
      preferenceWeights: ofEntry('weight'),
    },
    scored: { logProbabilities: picks.shape },
  };
  return { pairs, rows, picks, batch };
}
