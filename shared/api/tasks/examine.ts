/** Examine: what each judge is worth, by pairs of the test split that people judged and no training step saw. */
import { z } from 'zod';
import { asksAboutDialogues, conductFields, judgingFields, orders, unparsable } from './judge.ts';
import { calibrationBins, count, interval, leftOut } from './settings.ts';

/** The judges are those of the settings of `judge`. */
export const examineHyperparameters = z.strictObject({
  pairLimit: z
    .int()
    .min(2)
    .max(100_000)
    .describe(
      'Pairs that are judged, drawn by the seed where the test split has more; the judges are those of `judge`',
    ),
});

export const EXAMINE_DEFAULTS: z.output<typeof examineHyperparameters> = { pairLimit: 300 };

/** The task names prompts, whose rows hold the pairs. Inputs: `judge-<SHA-256>` for each preference model. No output. */
export const examineParameters = z
  .strictObject({ ...judgingFields, ...examineHyperparameters.shape })
  .refine(asksAboutDialogues.check, asksAboutDialogues.fault);

const rate = z.number().min(0).max(1);

/** What one judge is worth. A pair is agreed on where the judge prefers what people preferred; a tie counts half. */
export const exam = z
  .strictObject({
    judge: z.string().describe("The judge's name, as in its comparisons"),
    orders,
    n: count.describe('Pairs that were judged'),
    agreed: z.number().nonnegative().describe('Of them, those on which it agrees with people; ties for half'),
    ties: count.describe('Pairs without a winner'),
    unparsable,
    accuracy: rate.describe('agreed / n'),
    interval: interval.describe("Wilson's, around the accuracy, for `effectivePairs`"),
    effectivePairs: z
      .number()
      .positive()
      .describe(
        'Independent pairs without a tie from which the accuracy would be as uncertain: fewer than n where prompts ' +
          'have several pairs, more where there are ties',
      ),
    probabilities: z
      .strictObject({
        from: z
          .enum(['likelihood', 'scores'])
          .describe(
            'likelihood: as the judge says them, both orders averaged; scores: the logistic function of the difference ' +
              'of two scores over a scale',
          ),
        scales: z
          .array(z.number().positive().nullable())
          .nullable()
          .describe(
            'Of each half of the prompts, fitted on the other half; null in it where that half tells nothing, null for ' +
              'likelihoods, which need none',
          ),
        brier: z.number().describe('Brier score: 0 is perfect, 0.25 what saying 1/2 always earns'),
        expectedCalibrationError: z.number().describe('Mean gap of probability and outcome over the bins'),
        calibrationBins,
      })
      .nullable()
      .describe('Whether it is as sure as it is right; null for a judge that gives verdicts alone'),
    lengthOnly: z
      .strictObject({ accuracy: rate.describe('Ties for half'), interval })
      .describe('What preferring the longer response, in tokens, would reach on the same pairs'),
    atEqualLength: z
      .strictObject({ accuracy: rate.describe('By the fit of the length-controlled win rate'), interval })
      .nullable()
      .describe(
        'Accuracy where both responses are equally long; null where lengths cannot be told from quality',
      ),
    ...conductFields,
  })
  .meta({ id: 'Exam', description: 'What a judge is worth, on pairs that people judged' });

export const examineResult = z.strictObject({
  pairs: count.describe('Pairs of the split that people judged, of which at most `pairLimit` were used'),
  leftOut: leftOut.describe(
    'Of them, those whose prompt the model cannot read, by reason; absent where there are none',
  ),
  exams: z.array(exam).min(1).describe('One for each judge, in the order asked for'),
});
