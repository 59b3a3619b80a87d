/** Trains the student on the teacher's scores: their values, and which of two answers to a prompt is higher. */
import { permutation, uniform } from '../../../shared/random.ts';
import { streamOf } from '../streams.ts';
import {
  backward,
  forward,
  initialStudent,
  noGradients,
  type Bags,
  type Gradients,
  type Student,
} from './student.ts';
import { sigmoid } from '../../../shared/statistics/sigmoid.ts';

/** Two answers to one prompt with the teacher's scores, standardised over the training texts. */
export interface TaughtPair {
  readonly first: Bags;
  readonly second: Bags;
  readonly firstScore: number;
  readonly secondScore: number;
}

export interface StudentSettings {
  readonly epochs: number;
  readonly batchPairs: number;
  readonly learningRate: number;
  /** Share of the features that a training step leaves out, so that no single word is relied on. */
  readonly featureDropout: number;
}

const ADAGRAD_EPSILON = 1e-8;

/** Adagrad keeps what each parameter has seen; rows of the table that were not read are not touched. */
interface Seen {
  readonly table: Float64Array;
  readonly dense: Float64Array;
}

/**
 * Loss of a pair with teacher t and student s, in the units of the standardised teacher:
 *   (s1 - t1)^2 / 2 + (s2 - t2)^2 / 2 + cross entropy of sigmoid(s1 - s2) against sigmoid(t1 - t2).
 *
 * @returns the student; a pure function of (pairs, settings, seed)
 */
export function trainStudent(
  pairs: readonly TaughtPair[],
  settings: StudentSettings,
  seed: number,
  onEpoch: (done: number, loss: number) => void,
): Student {
  const student = initialStudent(seed, streamOf('scorer-start', 0));
  const seen = {
    table: new Float64Array(student.table.length),
    dense: new Float64Array(student.dense.length),
  };
  for (let epoch = 0; epoch < settings.epochs; epoch++) {
    const order = permutation(pairs.length, seed, streamOf('scorer-order', epoch));
    // The rate falls to zero, so that the last epochs average the noise of the dropout away.
    const rate = settings.learningRate * (1 - epoch / settings.epochs);
    let loss = 0;
    for (let start = 0; start < order.length; start += settings.batchPairs) {
      const gradients = noGradients();
      const batch = order.subarray(start, start + settings.batchPairs);
      for (const index of batch) {
        const pair = pairs[index];
        if (pair === undefined) continue;
        loss += addPair(student, pair, dropped(settings.featureDropout, seed, epoch, index), gradients);
      }
      update(student, seen, gradients, rate, batch.length);
    }
    onEpoch(epoch + 1, loss / pairs.length);
  }
  return student;
}

/** Leaves features out by draws that depend on (seed, epoch, pair, place) alone. */
function dropped(share: number, seed: number, epoch: number, pair: number) {
  const stream = streamOf('scorer-dropout', epoch * 2 ** 24 + pair);
  let counter = 0;
  const keep = () => uniform(seed, stream, counter++) >= share;
  return ({ response, prompt }: Bags): Bags =>
    share === 0 ? { response, prompt } : { response: response.filter(keep), prompt: prompt.filter(keep) };
}

function addPair(
  student: Student,
  { first, second, firstScore, secondScore }: TaughtPair,
  drop: (bags: Bags) => Bags,
  gradients: Gradients,
): number {
  const one = forward(student, drop(first));
  const other = forward(student, drop(second));
  const target = sigmoid(firstScore - secondScore);
  const given = sigmoid(one.score - other.score);
  const firstGap = one.score - firstScore;
  const secondGap = other.score - secondScore;
  backward(student, one, firstGap + given - target, gradients);
  backward(student, other, secondGap - (given - target), gradients);
  const crossEntropy = -target * Math.log(given) - (1 - target) * Math.log(1 - given);
  return (firstGap * firstGap + secondGap * secondGap) / 2 + crossEntropy;
}

function update(student: Student, seen: Seen, gradients: Gradients, rate: number, pairs: number): void {
  const step = (values: Float32Array, history: Float64Array, index: number, sum: number) => {
    const gradient = sum / pairs;
    history[index] = (history[index] ?? 0) + gradient * gradient;
    const scale = Math.sqrt(history[index] ?? 0) + ADAGRAD_EPSILON;
    values[index] = (values[index] ?? 0) - (rate * gradient) / scale;
  };
  gradients.dense.forEach((gradient, index) => step(student.dense, seen.dense, index, gradient));
  for (const [row, gradient] of gradients.rows) {
    gradient.forEach((value, column) =>
      step(student.table, seen.table, row * gradient.length + column, value),
    );
  }
}
