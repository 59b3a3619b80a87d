/**
 * The student: a small network over bags of hashed words, with its gradient by hand.
 *
 *   h = [sum_i T[r_i] / sqrt(R), sum_j T[p_j] / sqrt(P)]      R, P features of response and prompt; T [buckets, D]
 *   z = relu(h W1 + b1)                                      W1 [2 D, H]
 *   s = z W2 + b2                                            W2 [H]
 *
 * The table starts at zero, so that features never seen in training add nothing.
 */
import { normal } from '../../../shared/random.ts';
import { BUCKETS, type Features } from '../../../shared/scoring/features.ts';

/** The table stays within the 1 MiB that a graph holds inline. */
export const DIMENSION = 12;
export const HIDDEN = 24;

export type Bags = Pick<Features, 'response' | 'prompt'>;

export interface Student {
  /** [BUCKETS, DIMENSION] */
  readonly table: Float32Array;
  /** W1 [2 DIMENSION, HIDDEN], b1 [HIDDEN], W2 [HIDDEN], b2 [1], one behind the other */
  readonly dense: Float32Array;
}

const INPUTS = 2 * DIMENSION;
export const OFFSETS = {
  firstBias: INPUTS * HIDDEN,
  second: INPUTS * HIDDEN + HIDDEN,
  secondBias: INPUTS * HIDDEN + 2 * HIDDEN,
  length: INPUTS * HIDDEN + 2 * HIDDEN + 1,
} as const;

export function initialStudent(seed: number, stream: number): Student {
  const dense = new Float32Array(OFFSETS.length);
  for (let index = 0; index < OFFSETS.secondBias; index++) {
    const inputs = index < OFFSETS.firstBias ? INPUTS : HIDDEN;
    const isBias = index >= OFFSETS.firstBias && index < OFFSETS.second;
    // The table starts at zero: without biases of their own no unit would be active, and nothing would ever learn.
    const deviation = isBias ? 0.5 : Math.sqrt(2 / inputs);
    dense[index] = deviation * normal(seed, stream, index);
  }
  return { table: new Float32Array(BUCKETS * DIMENSION), dense };
}

/** What {@link forward} keeps for {@link backward}. */
export interface Activation {
  readonly bags: Bags;
  /** [2 DIMENSION] */
  readonly pooled: Float64Array;
  /** [HIDDEN], after the rectifier */
  readonly hidden: Float64Array;
  readonly score: number;
}

function pool(table: Float32Array, rows: Uint32Array, into: Float64Array, start: number): void {
  for (const row of rows) {
    for (let column = 0; column < DIMENSION; column++) {
      into[start + column] = (into[start + column] ?? 0) + (table[row * DIMENSION + column] ?? 0);
    }
  }
  const scale = 1 / Math.sqrt(Math.max(1, rows.length));
  for (let column = start; column < start + DIMENSION; column++) into[column] = (into[column] ?? 0) * scale;
}

export function forward({ table, dense }: Student, bags: Bags): Activation {
  const pooled = new Float64Array(INPUTS);
  pool(table, bags.response, pooled, 0);
  pool(table, bags.prompt, pooled, DIMENSION);
  const hidden = new Float64Array(HIDDEN);
  let score = dense[OFFSETS.secondBias] ?? 0;
  for (let unit = 0; unit < HIDDEN; unit++) {
    let sum = dense[OFFSETS.firstBias + unit] ?? 0;
    for (let input = 0; input < INPUTS; input++) {
      sum += (pooled[input] ?? 0) * (dense[input * HIDDEN + unit] ?? 0);
    }
    hidden[unit] = Math.max(0, sum);
    score += (hidden[unit] ?? 0) * (dense[OFFSETS.second + unit] ?? 0);
  }
  return { bags, pooled, hidden, score };
}

/** Gradients of a batch: all of the dense part, and the rows of the table that were read. */
export interface Gradients {
  readonly dense: Float64Array;
  readonly rows: Map<number, Float64Array>;
}

export const noGradients = (): Gradients => ({ dense: new Float64Array(OFFSETS.length), rows: new Map() });

function add(vector: Float64Array, index: number, value: number): void {
  vector[index] = (vector[index] ?? 0) + value;
}

/** Adds d loss / d parameters of one text to `gradients`, given d loss / d score. */
export function backward(
  { dense }: Student,
  { bags, pooled, hidden }: Activation,
  scoreGradient: number,
  gradients: Gradients,
): void {
  const pooledGradient = new Float64Array(INPUTS);
  add(gradients.dense, OFFSETS.secondBias, scoreGradient);
  for (let unit = 0; unit < HIDDEN; unit++) {
    const active = hidden[unit] ?? 0;
    add(gradients.dense, OFFSETS.second + unit, scoreGradient * active);
    if (active <= 0) continue;
    const unitGradient = scoreGradient * (dense[OFFSETS.second + unit] ?? 0);
    add(gradients.dense, OFFSETS.firstBias + unit, unitGradient);
    for (let input = 0; input < INPUTS; input++) {
      add(gradients.dense, input * HIDDEN + unit, unitGradient * (pooled[input] ?? 0));
      add(pooledGradient, input, unitGradient * (dense[input * HIDDEN + unit] ?? 0));
    }
  }
  addRows(gradients, bags.response, pooledGradient, 0);
  addRows(gradients, bags.prompt, pooledGradient, DIMENSION);
}

function addRows(gradients: Gradients, rows: Uint32Array, pooled: Float64Array, start: number): void {
  const scale = 1 / Math.sqrt(Math.max(1, rows.length));
  for (const row of rows) {
    const known = gradients.rows.get(row);
    const gradient = known ?? new Float64Array(DIMENSION);
    if (known === undefined) gradients.rows.set(row, gradient);
    for (let column = 0; column < DIMENSION; column++) {
      add(gradient, column, (pooled[start + column] ?? 0) * scale);
    }
  }
}
