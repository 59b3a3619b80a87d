/** Logistic regression with an L2 penalty, in float64. */
import {
  requireNumbers,
  requireSameLength,
  StatisticsInputError,
  UndefinedStatisticError,
} from './errors.ts';
import { sigmoid } from './sigmoid.ts';

/** P(outcome = 1) = sigmoid(weights . x + intercept). */
export interface LogisticModel {
  readonly weights: Float64Array;
  readonly intercept: number;
}

/** Newton steps; a fit takes about ten. */
const MAXIMUM_STEPS = 100;
/** The gradient's norm at the end, as a share of the norm where all parameters are 0. */
const TOLERANCE = 1e-9;
/** How exactly a Newton step is solved for; what it lacks the next one mends. */
const STEP_TOLERANCE = 1e-3;
/** Halvings of a step that overshoots. */
const MAXIMUM_HALVINGS = 40;

/** The log-odds that a model gives a row. */
export function logOdds({ weights, intercept }: LogisticModel, row: Float64Array): number {
  return dot(weights, row) + intercept;
}

/**
 * Minimises sum_i log(1 + exp(-s_i z_i)) + penalty/2 |w|^2 with z = w . x + b and s = +-1; the intercept b is not penalised.
 * Newton's method, its steps by conjugate gradients (Lin, Weng and Keerthi 2008), which costs n d a product and never
 * forms the Hessian. The function is strictly convex, so the answer does not depend on where the search begins, but for
 * its last digits; no randomness is in it.
 *
 * @param rows [n][d], finite
 * @param outcomes [n], each 0 or 1
 * @param penalty above 0
 * @param start where the search begins, such as the model of a similar penalty; 0 unless given
 * @throws StatisticsInputError on empty, unequal or non-finite input; UndefinedStatisticError where all outcomes are alike
 */
export function fitLogistic(
  rows: readonly Float64Array[],
  outcomes: readonly number[],
  penalty: number,
  start?: LogisticModel,
): LogisticModel {
  requireNumbers('outcomes', outcomes, 0, 1);
  requireSameLength('rows', rows, 'outcomes', outcomes);
  if (!(penalty > 0 && penalty < Infinity))
    throw new StatisticsInputError(`penalty must be above 0, got ${penalty}`);
  if (outcomes.every((outcome) => outcome === outcomes[0])) {
    throw new UndefinedStatisticError(`every outcome is ${outcomes[0]}: give rows of both`);
  }
  const width = rows[0]?.length ?? 0;
  for (const row of rows) requireWidth(row, width);
  const problem = new Problem(rows, outcomes, penalty, width);
  const limit = TOLERANCE * norm(problem.at(new Float64Array(width + 1)).gradient);
  let parameters = new Float64Array(width + 1);
  if (start !== undefined) parameters.set([...start.weights, start.intercept]);
  let here = problem.at(parameters);
  for (let step = 0; step < MAXIMUM_STEPS && norm(here.gradient) > limit; step++) {
    const direction = problem.newtonStep(here);
    const slope = dot(direction, here.gradient);
    let size = 1;
    let there = problem.at(moved(parameters, direction, size));
    for (let halving = 0; halving < MAXIMUM_HALVINGS; halving++) {
      if (there.loss <= here.loss + 1e-4 * size * slope) break;
      size /= 2;
      there = problem.at(moved(parameters, direction, size));
    }
    // Nothing is gained any more within the precision of the loss.
    if (there.loss > here.loss) break;
    parameters = moved(parameters, direction, size);
    here = there;
  }
  return { weights: parameters.slice(0, width), intercept: parameters[width] ?? Number.NaN };
}

function requireWidth(row: Float64Array, width: number): void {
  if (row.length !== width || width === 0)
    throw new StatisticsInputError(`a row has ${row.length} numbers, the first has ${width}`);
  requireNumbers('row', row);
}

/** Loss and gradient at some parameters, and the weights of the rows in the Hessian. */
interface Place {
  readonly loss: number;
  /** [d + 1], the intercept's last. */
  readonly gradient: Float64Array;
  /** [n]: p (1 - p). */
  readonly curvature: Float64Array;
}

class Problem {
  readonly #rows: readonly Float64Array[];
  readonly #outcomes: readonly number[];
  readonly #penalty: number;
  readonly #width: number;

  constructor(rows: readonly Float64Array[], outcomes: readonly number[], penalty: number, width: number) {
    this.#rows = rows;
    this.#outcomes = outcomes;
    this.#penalty = penalty;
    this.#width = width;
  }

  at(parameters: Float64Array): Place {
    const width = this.#width;
    const gradient = new Float64Array(width + 1);
    const curvature = new Float64Array(this.#rows.length);
    let loss = 0;
    for (const [index, row] of this.#rows.entries()) {
      const z = dot(parameters, row) + (parameters[width] ?? 0);
      const outcome = this.#outcomes[index] ?? 0;
      const p = sigmoid(z);
      loss += softplus(z) - outcome * z;
      addScaled(gradient, row, p - outcome);
      gradient[width] = (gradient[width] ?? 0) + p - outcome;
      curvature[index] = p * (1 - p);
    }
    for (let place = 0; place < width; place++) {
      const weight = parameters[place] ?? 0;
      loss += (this.#penalty / 2) * weight * weight;
      gradient[place] = (gradient[place] ?? 0) + this.#penalty * weight;
    }
    return { loss, gradient, curvature };
  }

  /** The step s with H s = -gradient, by conjugate gradients. */
  newtonStep({ gradient, curvature }: Place): Float64Array {
    const step = new Float64Array(gradient.length);
    const residual = gradient.map((value) => -value);
    const direction = residual.slice();
    let squares = dot(residual, residual);
    const enough = STEP_TOLERANCE ** 2 * squares;
    for (let round = 0; round < 2 * gradient.length && squares > enough; round++) {
      const product = this.#hessianTimes(direction, curvature);
      const along = squares / dot(direction, product);
      addScaled(step, direction, along);
      addScaled(residual, product, -along);
      const next = dot(residual, residual);
      const share = next / squares;
      for (let place = 0; place < direction.length; place++)
        direction[place] = (residual[place] ?? 0) + share * (direction[place] ?? 0);
      squares = next;
    }
    return step;
  }

  #hessianTimes(vector: Float64Array, curvature: Float64Array): Float64Array {
    const width = this.#width;
    const product = new Float64Array(width + 1);
    for (const [index, row] of this.#rows.entries()) {
      const scale = (curvature[index] ?? 0) * (dot(vector, row) + (vector[width] ?? 0));
      addScaled(product, row, scale);
      product[width] = (product[width] ?? 0) + scale;
    }
    for (let place = 0; place < width; place++)
      product[place] = (product[place] ?? 0) + this.#penalty * (vector[place] ?? 0);
    return product;
  }
}

/** log(1 + exp(z)) without overflow. */
const softplus = (z: number): number => Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)));

const norm = (vector: Float64Array): number => Math.sqrt(dot(vector, vector));

/** The sum over the places of the second: a model's parameters hold the intercept behind those of a row. */
function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let place = 0; place < b.length; place++) sum += (a[place] ?? 0) * (b[place] ?? 0);
  return sum;
}

function addScaled(into: Float64Array, vector: Float64Array, scale: number): void {
  for (let place = 0; place < vector.length; place++)
    into[place] = (into[place] ?? 0) + scale * (vector[place] ?? 0);
}

function moved(from: Float64Array, direction: Float64Array, size: number): Float64Array<ArrayBuffer> {
  const there = Float64Array.from(from);
  addScaled(there, direction, size);
  return there;
}
