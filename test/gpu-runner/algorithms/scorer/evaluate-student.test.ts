/** The scorer's report, on pairs whose agreement is known. */
import { describe, expect, it } from 'vitest';
import { evaluateStudent } from '../../../../gpu-runner/algorithms/scorer/evaluate-student.ts';
import type { JudgedPair } from '../../../../gpu-runner/algorithms/scorer/teacher-scores.ts';
import { featuresOf } from '../../../../shared/scoring/features.ts';

/** A pair whose teacher differs by `gap`, and whose student says the same or the opposite. */
function pairOf(gap: number, agrees: boolean, source: JudgedPair['source'] = 'simulated'): JudgedPair {
  const text = featuresOf({ prompt: 'One day', response: `${'word '.repeat(Math.abs(gap))}end.` });
  return {
    source,
    prompt: 'One day',
    first: text,
    second: text,
    firstScore: gap,
    secondScore: 0,
    firstStudent: agrees ? gap / 2 : -gap / 2,
    secondStudent: 0,
    label: gap > 0 ? 1 : 0,
  };
}

describe('the report of a scorer', () => {
  // The four smallest margins of sixteen are wrong, whichever side they favour.
  const pairs = Array.from({ length: 16 }, (_, index) =>
    pairOf(index % 2 === 0 ? index + 1 : -index - 1, index >= 4),
  );
  const report = evaluateStudent([...pairs, pairOf(3, true, 'fresh'), pairOf(2, false, 'contrast')], 1);

  it('counts the simulated pairs alone as pairs, and plain answers as fresh ones', () => {
    expect(report.pairs).toMatchObject({ n: 16, agreement: 0.75 });
    expect(report.freshPairs).toMatchObject({ n: 1, agreement: 1 });
    expect(report.rankCorrelation.n).toBe(36);
  });

  it('tells agreement by how far apart the teacher sees the two', () => {
    expect(report.byMargin.map(({ n, agreement, lower, upper }) => [n, agreement, lower, upper])).toEqual([
      [4, 0, 1, 4],
      [4, 1, 5, 8],
      [4, 1, 9, 12],
      [4, 1, 13, 16],
    ]);
  });

  it('tells agreement by length, and with the labels', () => {
    expect(report.byLength.map(({ n, agreement }) => [n, agreement])).toEqual([
      [4, 0],
      [4, 1],
      [4, 1],
      [4, 1],
    ]);
    expect(report.labels).toEqual({ n: 16, student: 0.75, teacher: 1 });
  });
});
