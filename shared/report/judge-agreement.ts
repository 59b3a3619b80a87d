/** How far judges say the same, on answers in which no policy has a part. */
import { clusterMean, type PromptValue } from './cluster-mean.ts';
import type { JudgeAgreement } from './document.ts';
import type { ExperimentEvidence } from './evidence.ts';
import { BASE, placeOf, scoreTable } from './match-ups.ts';

/**
 * For every two judges that score one text at a time, the share of pairs of the base's answers to one prompt, with two seeds,
 * that both put in the same order; a tie of either is half. On answers of policies both would agree for what all policies
 * have in common. Empty with one seed.
 */
export function judgeAgreements(experiments: readonly ExperimentEvidence[]): JudgeAgreement[] {
  const judges = [
    ...new Set(experiments.flatMap(({ comparisons }) => comparisons.map(({ judge }) => judge))),
  ];
  const seeds = [...new Set(experiments.map(({ seed }) => seed))];
  const prompts = [
    ...new Set(experiments.flatMap(({ comparisons }) => comparisons.map(({ promptId }) => promptId))),
  ];
  const scores = judges.map((judge) => scoreTable(experiments, judge).get(BASE) ?? new Map<string, number>());
  return pairsOf(judges.map((judge, index) => ({ judge, scores: scores[index] }))).flatMap(([one, other]) => {
    const values = prompts.flatMap((promptId) =>
      pairsOf(seeds).flatMap(([first, second]): PromptValue[] => {
        const places = [placeOf(first, promptId), placeOf(second, promptId)] as const;
        const [a, b] = [gapOf(one.scores, places), gapOf(other.scores, places)];
        return a === undefined || b === undefined
          ? []
          : [{ promptId, value: (1 + Math.sign(a) * Math.sign(b)) / 2 }];
      }),
    );
    if (values.length === 0) return [];
    return [{ first: one.judge, second: other.judge, n: values.length, sameOrder: clusterMean(values) }];
  });
}

/** The score at the first place less that at the second; undefined where either is missing. */
function gapOf(
  scores: ReadonlyMap<string, number> | undefined,
  [first, second]: readonly [string, string],
): number | undefined {
  const [a, b] = [scores?.get(first), scores?.get(second)];
  return a === undefined || b === undefined ? undefined : a - b;
}

function pairsOf<Item>(items: readonly Item[]): [Item, Item][] {
  return items.flatMap((first, index) =>
    items.slice(index + 1).map((second): [Item, Item] => [first, second]),
  );
}
