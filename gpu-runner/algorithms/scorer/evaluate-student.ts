/** How far the student agrees with its teacher, on prompts that trained neither. */
import type { TaskResult } from '../../../shared/api/tasks/kinds.ts';
import { bootstrapInterval } from '../../../shared/statistics/bootstrap.ts';
import { spearman } from '../../../shared/statistics/rank-correlation.ts';
import { mean, sortedQuantile } from '../../../shared/statistics/summary.ts';
import { wilsonInterval } from '../../../shared/statistics/wilson-interval.ts';
import type { JudgedPair } from './teacher-scores.ts';

type Evaluation = TaskResult<'train-scorer'>['heldOut'];
type Agreement = Evaluation['pairs'];

/** 1, 0.5 or 0: whether two differences have the same sign. */
const sameSign = (a: number, b: number): number => (1 + Math.sign(a) * Math.sign(b)) / 2;

const teacherGap = ({ firstScore, secondScore }: JudgedPair) => firstScore - secondScore;
const studentGap = ({ firstStudent, secondStudent }: JudgedPair) => firstStudent - secondStudent;

function agreementOf(pairs: readonly JudgedPair[]): Agreement {
  const agreed = pairs.reduce((sum, pair) => sum + sameSign(teacherGap(pair), studentGap(pair)), 0);
  return {
    n: pairs.length,
    agreement: agreed / pairs.length,
    interval: wilsonInterval(agreed, pairs.length),
  };
}

/** @param pairs held out, at least one simulated and one fresh */
export function evaluateStudent(pairs: readonly JudgedPair[], seed: number): Evaluation {
  const simulated = pairs.filter(({ source }) => source === 'simulated');
  const texts = pairs.flatMap(({ firstScore, secondScore, firstStudent, secondStudent }) => [
    { teacher: firstScore, student: firstStudent },
    { teacher: secondScore, student: secondStudent },
  ]);
  const teacher = texts.map((text) => text.teacher);
  const student = texts.map((text) => text.student);
  const pick = (values: readonly number[], rows: Uint32Array) =>
    Array.from(rows, (row) => values[row] ?? Number.NaN);
  const { lower, upper, confidence } = bootstrapInterval(
    texts.length,
    (rows) => spearman(pick(teacher, rows), pick(student, rows)),
    { seed, resamples: 1000 },
  );
  const labelled = simulated.filter(({ label }) => label !== null && label !== 0.5);
  const withLabel = (gap: (pair: JudgedPair) => number) =>
    mean(labelled.map((pair) => sameSign(gap(pair), (pair.label ?? 0.5) - 0.5)));
  return {
    pairs: agreementOf(simulated),
    freshPairs: agreementOf(pairs.filter(({ source }) => source === 'fresh')),
    rankCorrelation: {
      n: texts.length,
      value: spearman(teacher, student),
      interval: { lower, upper, confidence },
    },
    byLength: byQuarter(simulated, meanWords),
    byMargin: byQuarter(simulated, (pair) => Math.abs(teacherGap(pair))),
    labels:
      labelled.length === 0
        ? null
        : { n: labelled.length, student: withLabel(studentGap), teacher: withLabel(teacherGap) },
  };
}

const meanWords = ({ first, second }: JudgedPair) => (first.words.length + second.words.length) / 2;

/** Quarters by a figure of the pairs; a quarter without a pair is left out. */
function byQuarter(
  pairs: readonly JudgedPair[],
  figure: (pair: JudgedPair) => number,
): Evaluation['byLength'] {
  const ascending = Float64Array.from(pairs, figure).sort();
  const borders = [0.25, 0.5, 0.75].map((share) => sortedQuantile(ascending, share));
  return [0, 1, 2, 3].flatMap((quarter) => {
    const inside = pairs.filter(
      (pair) => borders.filter((border) => figure(pair) > border).length === quarter,
    );
    if (inside.length === 0) return [];
    const figures = inside.map(figure);
    return [{ ...agreementOf(inside), lower: Math.min(...figures), upper: Math.max(...figures) }];
  });
}
