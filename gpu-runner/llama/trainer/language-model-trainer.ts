/** Training on the next token: supervised adapters (context distillation) and full pretraining of small models. */
import { vocabularyBlock } from '../../../shared/planner/model-bytes.ts';
import type { Sequence } from '../model/sequence.ts';
import { Picks } from './batch.ts';
import { apart } from './bundles.ts';
import { architectureOf, type Trainable } from './graphs.ts';
import { likeLengths, textSize } from './like-lengths.ts';
import type { Microbatch } from './step-runner.ts';
import {
  assertGroups,
  meanFactors,
  openStep,
  pickFeeds,
  rowWeight,
  stepLimits,
  tokenFeeds,
  Trainer,
  type TrainerOptions,
} from './trainer.ts';

/** A sequence whose tokens from `start` on are learnt; `weights` (default 1 each) mask or weigh them. */
interface LanguageModelRow extends Sequence {
  readonly weights?: ArrayLike<number>;
}

type Groups = readonly (readonly LanguageModelRow[])[];

export interface LanguageModelStep {
  /** sum over groups of the weighted mean negative log-probability, nats per token */
  readonly loss: number;
  /** of each group for itself */
  readonly groupLosses: readonly number[];
  /** learnt tokens of all groups */
  readonly tokens: number;
  readonly gradientNorms: Float32Array;
}

/** Trains by next-token loss. Groups train side by side, each on its own rows. */
export class LanguageModelTrainer extends Trainer {
  static async open(options: TrainerOptions): Promise<LanguageModelTrainer> {
    return new LanguageModelTrainer(options, await openStep(options, { kind: 'language-model' }));
  }

  /** One update on the rows of each group. @param learningRates one per group */
  async step(groups: Groups, learningRates: ArrayLike<number>): Promise<LanguageModelStep> {
    const { trainable, maximumTime } = this.options;
    assertGroups(groups, trainable);
    const factors = meanFactors(groups, rowWeight);
    const parts = likeLengths(groups, stepLimits(this.options), ({ tokens }) => textSize(tokens)).map(
      (part) => languageModelBatch(part.groups, factors, trainable, maximumTime),
    );
    const outcome = await this.runner.step(
      parts.map(({ batch }) => batch),
      learningRates,
    );
    const groupLosses = groups.map(() => 0);
    let tokens = 0;
    parts.forEach(({ picks, rows }, index) => {
      const scores = picks.unpack(outcome.scored[index]?.['logProbabilities'] ?? [], rows);
      scores.forEach((groupScores, group) => {
        groupScores.forEach((row, position) => {
          const weights = rows[group]?.[position]?.weights;
          row.forEach((logProbability, offset) => {
            const weight = weights?.[offset] ?? 1;
            groupLosses[group] = (groupLosses[group] ?? 0) - weight * (factors[group] ?? 0) * logProbability;
            tokens += weight > 0 ? 1 : 0;
          });
        });
      });
    });
    return { loss: outcome.loss, groupLosses, tokens, gradientNorms: outcome.gradientNorms };
  }
}

/** The feeds of one micro-batch. @param factors per group, 1 / (sum of weights over the whole batch) */
export function languageModelBatch(
  rows: Groups,
  factors: readonly number[],
  trainable: Trainable,
  maximumTime: number,
): { rows: Groups; batch: Microbatch; picks: Picks } {
  const bundles = apart(rows);
  const { shape, feeds } = tokenFeeds(bundles, trainable, maximumTime, true);
  const picks = new Picks(bundles, shape, vocabularyBlock(architectureOf(trainable)));
  const tokenWeights = picks.values(
    (group, row, offset) => (rows[group]?.[row]?.weights?.[offset] ?? 1) * (factors[group] ?? 0),
  );
  const batch: Microbatch = {
    feeds: {
      ...feeds,
      ...pickFeeds('token', picks, true),
      tokenTargets: picks.targets(),
      tokenWeights,
    },
    scored: { logProbabilities: picks.shape },
  };
  return { rows, batch, picks };
}
