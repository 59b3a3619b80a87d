/** Training of preference models: pairs of texts, soft labels, a scalar head on the last position. */
import { lastOf, type Sequence } from '../model/sequence.ts';
import { Picks } from './batch.ts';
import { bundleSize } from './bundles.ts';
import { inOrder, likeLengths } from './like-lengths.ts';
import type { Trainable } from './graphs.ts';
import type { Microbatch } from './step-runner.ts';
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

/** Two texts as tokens, BOS included; each is scored whole, at its last token. */
export interface PreferencePair {
  readonly first: ArrayLike<number>;
  readonly second: ArrayLike<number>;
  /** P(the second is preferred), in [0, 1] */
  readonly target: number;
}

type Groups = readonly (readonly PreferencePair[])[];

export interface PreferenceStep {
  /** sum over groups of the mean binary cross-entropy, nats per pair */
  readonly loss: number;
  /** by group and pair: r(first), r(second), before the update */
  readonly scores: readonly (readonly (readonly [number, number])[])[];
  readonly gradientNorms: Float32Array;
}

/** Trains by pairwise preference loss. Groups train side by side, each on its own pairs. */
export class PreferenceTrainer extends Trainer {
  /** `microbatchRows` counts texts: a pair is two. */
  static async open(options: TrainerOptions): Promise<PreferenceTrainer> {
    return new PreferenceTrainer(options, await openStep(options, { kind: 'preference' }));
  }

  /** One update on the pairs of each group. @param learningRates one per group */
  async step(groups: Groups, learningRates: ArrayLike<number>): Promise<PreferenceStep> {
    const { trainable, maximumTime } = this.options;
    assertGroups(groups, trainable);
    for (const { target } of groups.flat()) {
      if (!(target >= 0 && target <= 1))
        throw new RangeError(`A pair has the label ${target}, not a probability`);
    }
    const factors = meanFactors(groups, () => 1);
    const parts = likeLengths(groups, stepLimits(this.options), (pair) => bundleSize(textsOf(pair)));
    const outcome = await this.runner.step(
      parts.map((part) => preferenceBatch(part.groups, factors, trainable, maximumTime)),
      learningRates,
    );
    const scores = parts.map((part, index) => {
      const flat = outcome.scored[index]?.['scalars'] ?? [];
      let place = 0;
      const next = (): number => flat[place++] ?? Number.NaN;
      return part.groups.map((pairs) => pairs.map((): [number, number] => [next(), next()]));
    });
    return { loss: outcome.loss, scores: inOrder(parts, scores), gradientNorms: outcome.gradientNorms };
  }
}

/** Both are read behind the one beginning that they have in common. */
const textsOf = ({ first, second }: PreferencePair): readonly Sequence[] => [lastOf(first), lastOf(second)];

/** The feeds of one micro-batch. @param factors per group, 1 / (pairs of the whole batch) */
export function preferenceBatch(
  pairs: Groups,
  factors: readonly number[],
  trainable: Trainable,
  maximumTime: number,
): Microbatch {
  const bundles = pairs.map((group) => group.map(textsOf));
  const { shape, feeds } = tokenFeeds(bundles, trainable, maximumTime, true);
  const picks = new Picks(bundles, shape, 2);
  const flat = pairs.flat();
  const numbers = (of: (pair: PreferencePair, group: number) => number): Float32Array =>
    Float32Array.from(pairs.flatMap((group, index) => group.map((pair) => of(pair, index))));
  const shaped = (data: Float32Array) => ({ dtype: 'float32' as const, shape: [flat.length], data });
  return {
    feeds: {
      ...feeds,
      ...pickFeeds('scalar', picks, true),
      scalarGroups: picks.groups(),
      preferenceTargets: shaped(numbers(({ target }) => target)),
      preferenceWeights: shaped(numbers((_, group) => factors[group] ?? 0)),
    },
    scored: { scalars: picks.shape },
  };
}
