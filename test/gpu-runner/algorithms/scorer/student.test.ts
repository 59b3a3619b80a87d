import { describe, expect, it } from 'vitest';
import { normal } from '../../../../shared/random.ts';
import { BUCKETS, featuresOf } from '../../../../shared/scoring/features.ts';
import {
  dequantiseStudent,
  quantiseStudent,
} from '../../../../gpu-runner/algorithms/scorer/quantised-student.ts';
import {
  backward,
  DIMENSION,
  forward,
  initialStudent,
  noGradients,
  OFFSETS,
} from '../../../../gpu-runner/algorithms/scorer/student.ts';
import { trainStudent, type TaughtPair } from '../../../../gpu-runner/algorithms/scorer/train-student.ts';
import { randomStudent } from './random-student.ts';

const text = (response: string, prompt = 'One day Tom met Mia.') => featuresOf({ prompt, response });

describe('the student', () => {
  it('has the gradient of central differences in every part, for words that occur twice too', () => {
    const student = randomStudent(3);
    const bags = text('They hugged and hugged and smiled.');
    const gradients = noGradients();
    backward(student, forward(student, bags), 1, gradients);
    const step = 1 / 64;
    const difference = (values: Float32Array, index: number): number => {
      const kept = values[index] ?? 0;
      values[index] = kept + step;
      const above = forward(student, bags).score;
      values[index] = kept - step;
      const below = forward(student, bags).score;
      values[index] = kept;
      return (above - below) / (2 * step);
    };
    for (let index = 0; index < OFFSETS.length; index += 7) {
      expect(gradients.dense[index]).toBeCloseTo(difference(student.dense, index), 4);
    }
    for (const [row, gradient] of gradients.rows) {
      for (let column = 0; column < DIMENSION; column += 5) {
        expect(gradient[column]).toBeCloseTo(difference(student.table, row * DIMENSION + column), 4);
      }
    }
    expect(gradients.rows.size).toBe(new Set([...bags.response, ...bags.prompt]).size);
  });

  it('adds nothing for features that training never saw', () => {
    const student = initialStudent(1, 0);
    expect(forward(student, text('anything at all')).score).toBe(
      forward(student, text('something else')).score,
    );
  });

  it('keeps its scores in 8 bits', () => {
    const student = randomStudent(5);
    const rounded = dequantiseStudent(quantiseStudent(student));
    const texts = ['They hugged.', 'He was mean and angry and cried.', 'The cat sat.'].map((one) =>
      text(one),
    );
    for (const bags of texts) {
      expect(forward(rounded, bags).score).toBeCloseTo(forward(student, bags).score, 1);
    }
    expect(quantiseStudent(initialStudent(1, 0)).table).toEqual(new Int8Array(BUCKETS * DIMENSION));
  });
});

describe('training', () => {
  const kind = ['hugged', 'smiled', 'shared', 'helped', 'laughed', 'thanked'];
  const mean = ['yelled', 'pushed', 'cried', 'fought', 'kicked', 'shouted'];
  const noise = ['tree', 'ball', 'house', 'dog', 'river', 'boat', 'hat', 'moon'];
  const pick = (list: readonly string[], row: number, place: number): string =>
    list[Math.floor(Math.abs(normal(9, row, place)) * 1000) % list.length] ?? '';
  /** The planted teacher counts kind words less mean ones; everything else is noise. */
  const pairs = (count: number, from: number): TaughtPair[] =>
    Array.from({ length: count }, (_, index) => {
      const row = from + index;
      const side = (first: number) => {
        const words = Array.from({ length: 8 }, (_unused, place) =>
          pick([...kind, ...mean, ...noise], row, first + place),
        );
        const score = words.reduce(
          (sum, word) => sum + Number(kind.includes(word)) - Number(mean.includes(word)),
          0,
        );
        return { bags: text(words.join(' ')), score: score / 2 };
      };
      const [first, second] = [side(0), side(100)];
      return { first: first.bags, second: second.bags, firstScore: first.score, secondScore: second.score };
    });
  const settings = { epochs: 12, batchPairs: 16, learningRate: 0.1, featureDropout: 0.1 };

  it('learns a planted teacher to pair agreement above 0.95 on pairs it never saw', () => {
    const losses: number[] = [];
    const student = trainStudent(pairs(600, 0), settings, 1, (_, loss) => losses.push(loss));
    const heldOut = pairs(300, 10_000).filter(({ firstScore, secondScore }) => firstScore !== secondScore);
    const agreed = heldOut.filter(
      ({ first, second, firstScore, secondScore }) =>
        forward(student, first).score > forward(student, second).score === firstScore > secondScore,
    );
    expect(agreed.length / heldOut.length).toBeGreaterThan(0.95);
    expect(losses.at(-1)).toBeLessThan((losses[0] ?? 0) / 1.5);
  });

  it('gives the same bytes for the same seed, others for another', () => {
    const run = (seed: number) => trainStudent(pairs(40, 0), { ...settings, epochs: 2 }, seed, () => {});
    expect(run(1)).toEqual(run(1));
    expect(run(1).dense).not.toEqual(run(2).dense);
  });
});
