/** How far judges say the same: by hand, and blind to what all policies have in common. */
import { expect, it } from 'vitest';
import { judgeAgreements } from '../../../shared/report/judge-agreement.ts';
import { syntheticEvidence } from './synthetic-evidence.ts';

/** Scores of the base's answers by judge, seed and prompt; every policy has a hundred more. */
function evidenceOf(scores: Readonly<Record<string, readonly (readonly (number | null)[])[]>>) {
  const [first, second] = syntheticEvidence([1, 2], 4, 'x').filter(({ method }) => method === 'rlcd');
  const comparisonsOf = (index: number) =>
    Object.entries(scores).flatMap(([judge, bySeed]) =>
      (bySeed[index] ?? []).map((secondScore, prompt) => {
        return { judge, promptId: String(prompt), firstScore: 100 + prompt, secondScore, share: 1 };
      }),
    );
  if (first === undefined || second === undefined) throw new Error('two seeds were asked for');
  return [
    { ...first, comparisons: comparisonsOf(0) },
    { ...second, comparisons: comparisonsOf(1) },
  ];
}

it('counts pairs of the base alone, ties as halves, and leaves out what has no score', () => {
  const evidence = evidenceOf({
    words: [
      [1, 1, 0, 2, 1],
      [0, 0, 1, 2, 0],
    ],
    // The same order, the contrary, the same, a tie of the other, and one without a score.
    meaning: [
      [5, 0, 0, 9, null],
      [3, 1, 3, 4, 1],
    ],
    // It only compares.
    people: [[null], [null]],
  });
  const [found, ...more] = judgeAgreements(evidence);
  expect(more).toEqual([]);
  expect(found).toMatchObject({ first: 'words', second: 'meaning', n: 4, sameOrder: { value: 0.625 } });
  expect(found?.sameOrder.interval.lower).toBeLessThan(0.625);
});

it('is nothing with one seed', () => {
  const [one] = evidenceOf({ words: [[1, 2]], meaning: [[1, 2]] });
  expect(judgeAgreements(one === undefined ? [] : [one])).toEqual([]);
});
