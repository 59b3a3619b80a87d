/** What simulation did to the data: rejections, lengths per side, duplicates, overlap, and the bias of retries. */
import { mean, summarize, type Summary } from '../../../shared/statistics/summary.ts';
import { duplicateShare, promptOverlap } from '../../../shared/text/repetition.ts';
import { words } from '../../../shared/text/words.ts';
import type { SimulatedPair, SimulationSide } from './simulated-pair.ts';

/** What can become of one generated text that is not used. */
export type Rejections = Readonly<Record<string, number>>;

export interface SideReport {
  /** Generated texts that were refused, by reason. */
  readonly rejections: Rejections;
  /** Accepted responses, in tokens as sampled and in words as kept. */
  readonly tokens: Summary;
  readonly words: Summary;
  readonly duplicateShare: number;
  /** Mean share of a response's bigrams that its prompt holds, too. */
  readonly promptOverlap: number;
  readonly retries: RetryBias;
}

/** Retries keep what passes the filter, so retried prompts may differ from the rest; this shows by how much. */
export interface RetryBias {
  /** Share of accepted responses that needed more than one try. */
  readonly share: number;
  readonly meanWordsFirstTry: number | null;
  readonly meanWordsRetried: number | null;
}

export interface SimulationReport {
  readonly prompts: number;
  readonly pairs: number;
  /** Prompts without a pair: a side used up its tries, or both sides came out the same. */
  readonly dropped: Readonly<Record<'positive-failed' | 'negative-failed' | 'identical-sides', number>>;
  readonly positive: SideReport;
  readonly negative: SideReport;
  /** Positive minus negative, mean words of the pairs: a length gap that a preference model could learn instead. */
  readonly meanWordGap: number;
}

const meanOrNull = (values: readonly number[]) => (values.length === 0 ? null : mean(values));

/** Report of one side over the pairs that were kept. */
export function sideReport(
  pairs: readonly SimulatedPair[],
  side: SimulationSide,
  rejections: Rejections,
): SideReport {
  const texts = pairs.map((pair) => (side === 'positive' ? pair.chosen : pair.rejected));
  const counts = texts.map((text) => words(text).length);
  const retried = pairs.map((pair) => pair.provenance[side].tries > 1);
  return {
    rejections,
    tokens: summarize(pairs.map((pair) => pair.provenance[side].tokens)),
    words: summarize(counts),
    duplicateShare: duplicateShare(texts),
    promptOverlap: mean(
      pairs.map((pair, row) => promptOverlap(words(pair.prompt), words(texts[row] ?? ''), 2)),
    ),
    retries: {
      share: retried.filter(Boolean).length / pairs.length,
      meanWordsFirstTry: meanOrNull(counts.filter((_, row) => retried[row] === false)),
      meanWordsRetried: meanOrNull(counts.filter((_, row) => retried[row] === true)),
    },
  };
}
