/** Training on a teacher's distributions: each scored token has a few candidates with their shares. */
import { vocabularyBlock } from '../../../shared/planner/model-bytes.ts';
import type { Sequence } from '../model/sequence.ts';
import { float32, Picks } from './batch.ts';
import { apart } from './bundles.ts';
import { architectureOf, type Trainable } from './graphs.ts';
import { likeLengths, textSize } from './like-lengths.ts';
import type { Microbatch } from './step-runner.ts';
import { meanFactors, openStep, pickFeeds, rowWeight, tokenFeeds, Trainer, stepLimits } from './trainer.ts';
import type { TrainerOptions } from './trainer.ts';

/** What a teacher says of one token: candidates, and the share of each; shares add up to 1. */
export interface Distribution {
  readonly tokens: ArrayLike<number>;
  readonly shares: ArrayLike<number>;
}

/** A sequence with a distribution for each of its scored tokens. */
export interface DistilledRow extends Sequence {
  readonly distributions: readonly Distribution[];
}

export interface DistillationStep {
  /** mean cross-entropy, nats per token */
  readonly loss: number;
  readonly tokens: number;
  readonly gradientNorms: Float32Array;
}

/**
 * Trains a whole model by L = mean_i H(t_i, p_i), H the cross-entropy of its prediction p with the teacher's t (Hinton et
 * al., 2015). One group of rows; a row says more of its context than one drawn token does.
 */
export class DistillationTrainer extends Trainer {
  static async open(options: TrainerOptions): Promise<DistillationTrainer> {
    return new DistillationTrainer(options, await openStep(options, { kind: 'distillation' }));
  }

  /** One update. */
  async step(rows: readonly DistilledRow[], learningRate: number): Promise<DistillationStep> {
    const { trainable, maximumTime } = this.options;
    const [factor = 0] = meanFactors([rows], rowWeight);
    const batches = likeLengths([rows], stepLimits(this.options), ({ tokens }) => textSize(tokens)).map(
      (part) => distillationBatch(part.groups.flat(), factor, trainable, maximumTime),
    );
    const { loss, gradientNorms } = await this.runner.step(batches, [learningRate]);
    return { loss, gradientNorms, tokens: rows.reduce((sum, row) => sum + rowWeight(row), 0) };
  }
}

/** The feeds of one micro-batch. @param factor 1 / (tokens of the whole batch) */
export function distillationBatch(
  rows: readonly DistilledRow[],
  factor: number,
  trainable: Trainable,
  maximumTime: number,
): Microbatch {
  const architecture = architectureOf(trainable);
  const bundles = apart([rows]);
  const { shape, feeds } = tokenFeeds(bundles, trainable, maximumTime, true);
  const picks = new Picks(bundles, shape, vocabularyBlock(architecture));
  const { vocabularySize } = architecture;
  const places = picks.shape[0] * picks.shape[1];
  const distributions = new Float32Array(places * vocabularySize);
  rows
    .flatMap((row) => row.distributions)
    .forEach(({ tokens, shares }, place) => {
      for (let index = 0; index < tokens.length; index++) {
        distributions[place * vocabularySize + (tokens[index] ?? 0)] = shares[index] ?? 0;
      }
    });
  return {
    feeds: {
      ...feeds,
      ...pickFeeds('token', picks, true),
      tokenWeights: picks.values(() => factor),
      distributions: float32([places, vocabularySize], distributions),
    },
    scored: {},
  };
}
