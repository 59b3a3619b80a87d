/** How right the labels of simulated pairs are, by a judge that neither made nor saw them. */
import { words } from '../text/words.ts';
import { clusterMean, type PromptValue } from './cluster-mean.ts';
import type { LabelReport } from './document.ts';
import type { ExperimentEvidence, PairRow } from './evidence.ts';
import { meanOf } from './match-ups.ts';

/** Two responses to a prompt. */
export type GoldPair = Pick<PairRow, 'prompt' | 'chosen' | 'rejected'>;

/** A judge that decides which response of a pair is the better one. */
export interface GoldJudge {
  readonly name: string;
  /** 1 where it is the chosen one, 0 the rejected one, 0.5 where neither is. */
  readonly share: (pair: GoldPair) => number;
}

/** 1, 0.5 or 0: does the label name the better response? A tie of either side says nothing. */
function labelIsRight(pair: PairRow, { share }: GoldJudge): number {
  return (1 + (2 * share(pair) - 1) * Math.sign(pair.labelProbability - 0.5)) / 2;
}

/** Label correctness of every pair of a method's experiments, by prompt. */
export function labelValues(experiments: readonly ExperimentEvidence[], method: string, gold: GoldJudge) {
  return experiments
    .filter((experiment) => experiment.method === method)
    .flatMap(({ seed, pairs }) =>
      pairs.map((pair) => ({ seed, promptId: pair.promptId, value: labelIsRight(pair, gold) })),
    );
}

/** Words of the preferred response minus those of the other; 0 where the label prefers neither. */
function lengthGap({ chosen, rejected, labelProbability }: PairRow): number {
  return Math.sign(labelProbability - 0.5) * (words(chosen).length - words(rejected).length);
}

/** The artifacts that hold a method's pairs, in one text; equal pairs have equal ones. */
function pairHashes(experiments: readonly ExperimentEvidence[]): string {
  const outputs = experiments.flatMap(({ lineage }) => {
    const stage = lineage.some((task) => task.stage === 'label') ? 'label' : 'simulate';
    return lineage.filter((task) => task.stage === stage).flatMap((task) => task.outputs);
  });
  return outputs.map(({ sha256 }) => sha256).join(' ');
}

/** The pairs of whose labels {@link labelReports} asks the gold judge. */
export function labelledPairs(experiments: readonly ExperimentEvidence[]): GoldPair[] {
  return experiments.flatMap(({ pairs }) => pairs.filter(({ rejected }) => rejected !== ''));
}

/**
 * One report for each set of pairs that some method trains on.
 *
 * @param gold decides which response of a pair is the better one
 */
export function labelReports(experiments: readonly ExperimentEvidence[], gold: GoldJudge): LabelReport[] {
  const byMethod = Map.groupBy(experiments, ({ method }) => method);
  const withPairs = [...byMethod].filter(([, own]) =>
    // Context distillation samples the positive side alone: there is nothing to label.
    own.some(({ pairs }) => pairs.some(({ rejected }) => rejected !== '')),
  );
  const bySet = Map.groupBy(withPairs, ([, own]) => pairHashes(own));
  return [...bySet.values()].flatMap(([first, ...others]) => {
    if (first === undefined) return [];
    const [method, own] = first;
    const pairs = own.flatMap((experiment) => experiment.pairs);
    const values: (PromptValue & { seed: number })[] = labelValues(experiments, method, gold);
    const gaps = pairs.map(lengthGap);
    return [
      {
        method,
        sameAs: others.map(([name]) => name),
        gold: gold.name,
        pairs: pairs.length,
        accuracy: clusterMean(values),
        perSeed: [...Map.groupBy(values, ({ seed }) => seed)].map(([seed, ofSeed]) => ({
          seed,
          value: meanOf(ofSeed.map(({ value }) => value)),
        })),
        meanConfidence: meanOf(pairs.map(({ labelProbability }) => Math.abs(2 * labelProbability - 1))),
        preferredIsLonger: meanOf(gaps.map((gap) => (1 + Math.sign(gap)) / 2)),
        meanLengthGap: meanOf(gaps),
      },
    ];
  });
}
