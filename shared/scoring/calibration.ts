/** What a scorer's file says beside its numbers: how scores become probabilities, and which texts it knows. */
import { z } from 'zod';

/** Form of the file; a scorer of another form is refused. */
export const SCORER_FORMAT = 'rlcd-scorer-3';

export const calibration = z.strictObject({
  format: z.literal(SCORER_FORMAT),
  /** P(first is better) = sigmoid(slope x (score of first - score of second)), fitted on held-out pairs. */
  slope: z.number().positive(),
  /** Scores of the base model's own responses at the quantiles 0, 0.01, ... 1. */
  baseQuantiles: z.array(z.number()).length(101),
  /** Words of the responses it was trained on: the 1st and the 99th percentile. */
  words: z.strictObject({ lower: z.number(), upper: z.number() }),
  /** Share of words it has seen: the 1st percentile of held-out responses. */
  knownShare: z.number().min(0).max(1),
});
export type Calibration = z.infer<typeof calibration>;

/** Probability that a response of this score is better than one of the base model's own, by the quantiles. */
export function probabilityAgainstBase(score: number, { baseQuantiles }: Calibration): number {
  const last = baseQuantiles.length - 1;
  const above = baseQuantiles.findIndex((quantile) => quantile > score);
  if (above === 0) return 0;
  if (above === -1) return 1;
  const [low = 0, high = 0] = [baseQuantiles[above - 1], baseQuantiles[above]];
  return (above - 1 + (score - low) / (high - low)) / last;
}

/** Probability that the first of two responses is the better one. */
export function probabilityOfFirst(first: number, second: number, { slope }: Calibration): number {
  return 1 / (1 + Math.exp(-slope * (first - second)));
}

/** Why a score may mean little: the text is unlike what the scorer was trained on. */
export function familiarityWarnings(
  { words, known }: { readonly words: number; readonly known: number },
  calibration: Calibration,
): string[] {
  const { lower, upper } = calibration.words;
  const warnings: string[] = [];
  if (words < lower || words > upper) {
    warnings.push(`${words} words; it was trained on responses of ${lower} to ${upper} words`);
  }
  const share = words === 0 ? 1 : known / words;
  if (share < calibration.knownShare) {
    warnings.push(
      `${Math.round(100 * share)} % of the words are known to it; of its training's kind of text at least ` +
        `${Math.floor(100 * calibration.knownShare)} % are`,
    );
  }
  return warnings;
}
