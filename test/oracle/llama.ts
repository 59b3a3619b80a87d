/** LLaMA and its relatives in float64 by the textbook, one sequence at a time: the independent judge of the training graphs. */
import { activation as activated, type OracleActivation } from './activations.ts';
import { frequency, lengthening, type OracleRope } from './rope.ts';
import { Matrix, type Tape } from './tape.ts';

/** What the oracle needs to know of an architecture (structurally the engine's architecture). */
export interface OracleConfiguration {
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headSize: number;
  readonly queryKeyNorm: 'none' | 'head' | 'width';
  readonly norm: { readonly epsilon: number };
  readonly rope: OracleRope;
  readonly attentionScale: number | null;
  readonly windows: readonly (number | null)[] | null;
  readonly softCaps: { readonly attention: number | null; readonly logits: number | null };
  readonly embeddingScale: number;
  readonly activation: OracleActivation;
}

/** A linear layer x @ weight + bias, weight [in,out], with an optional low-rank addition scale * (x @ a) @ b. */
export interface OracleLinear {
  readonly weight: Matrix;
  /** [1,out] */
  readonly bias?: Matrix;
  readonly adapter?: { readonly a: Matrix; readonly b: Matrix; readonly scale: number };
}

/** Norms are there where the family has them. */
interface OracleLayer {
  readonly attentionNorm?: Matrix;
  readonly queryNorm?: Matrix;
  readonly keyNorm?: Matrix;
  readonly attentionAfterNorm?: Matrix;
  readonly query: OracleLinear;
  readonly key: OracleLinear;
  readonly value: OracleLinear;
  readonly output: OracleLinear;
  readonly feedForwardNorm?: Matrix;
  readonly feedForwardAfterNorm?: Matrix;
  readonly gate: OracleLinear;
  readonly up: OracleLinear;
  readonly down: OracleLinear;
}

export interface OracleWeights {
  /** [vocabulary, hidden] */
  readonly embedding: Matrix;
  readonly layers: readonly OracleLayer[];
  readonly norm: Matrix;
  /** [vocabulary, hidden]; the same object as `embedding` when tied */
  readonly output: Matrix;
}

/** How activations enter a linear layer: as they are, or rounded to 8 bits a token with a straight-through gradient. */
export type Activation = (tape: Tape, x: Matrix) => Matrix;

const exactActivation: Activation = (_tape, x) => x;

function linear(tape: Tape, x: Matrix, layer: OracleLinear, activation: Activation): Matrix {
  const product = tape.product(activation(tape, x), layer.weight);
  const base = layer.bias === undefined ? product : tape.addRow(product, layer.bias);
  if (layer.adapter === undefined) return base;
  const { a, b, scale } = layer.adapter;
  return tape.add(base, tape.scale(tape.product(tape.product(x, a), b), scale));
}

/** Rotates the pairs of the first rotarySize columns of one head by position times their frequency. */
function rotate(tape: Tape, x: Matrix, rope: OracleRope, local: boolean): Matrix {
  const size = x.columns;
  const out = new Matrix(x.rows, size);
  const length = lengthening(rope, local);
  const turn = (source: Float64Array, target: Float64Array, direction: 1 | -1): void => {
    const add = (index: number, value: number): void => {
      target[index] = (target[index] ?? 0) + value;
    };
    for (let position = 0; position < x.rows; position++) {
      for (let pair = 0; pair < rope.rotarySize / 2; pair++) {
        const [first, second] =
          rope.layout === 'interleaved' ? [2 * pair, 2 * pair + 1] : [pair, pair + rope.rotarySize / 2];
        const angle = direction * position * frequency(rope, pair, local);
        const i = position * size + first;
        const j = position * size + second;
        const [a, b] = [source[i] ?? 0, source[j] ?? 0];
        add(i, length * (a * Math.cos(angle) - b * Math.sin(angle)));
        add(j, length * (a * Math.sin(angle) + b * Math.cos(angle)));
      }
      for (let still = rope.rotarySize; still < size; still++)
        add(position * size + still, source[position * size + still] ?? 0);
    }
  };
  turn(x.data, out.data, 1);
  tape.onBackward(() => {
    turn(out.gradient, x.gradient, -1);
  });
  return out;
}

/** c tanh(x / c). */
function capped(tape: Tape, x: Matrix, cap: number | null): Matrix {
  if (cap === null) return x;
  return tape.map(
    [x],
    (value) => cap * Math.tanh(value / cap),
    (value) => [1 - Math.tanh(value / cap) ** 2],
  );
}

function maybeNormed(tape: Tape, x: Matrix, weight: Matrix | undefined, epsilon: number): Matrix {
  return weight === undefined ? x : tape.rmsNorm(x, weight, epsilon);
}

function attention(
  tape: Tape,
  x: Matrix,
  layer: OracleLayer,
  architecture: OracleConfiguration,
  index: number,
  activation: Activation,
): Matrix {
  const { heads, keyValueHeads, headSize, queryKeyNorm, norm, rope, softCaps } = architecture;
  const window = architecture.windows?.[index] ?? null;
  const wide = queryKeyNorm === 'width';
  const ofHead = (weight: Matrix | undefined): Matrix | undefined =>
    queryKeyNorm === 'head' ? weight : undefined;
  const whole = (projection: OracleLinear, weight?: Matrix): Matrix =>
    maybeNormed(tape, linear(tape, x, projection, activation), wide ? weight : undefined, norm.epsilon);
  const query = whole(layer.query, layer.queryNorm);
  const key = whole(layer.key, layer.keyNorm);
  const value = whole(layer.value);
  const turned = (head: Matrix): Matrix =>
    rope.layersWithout.includes(index)
      ? head
      : rotate(tape, head, rope, rope.local !== null && window !== null);
  const mixed = Array.from({ length: heads }, (_, head) => {
    const shared = Math.floor(head / (heads / keyValueHeads));
    const slice = (all: Matrix, place: number): Matrix =>
      tape.columns(all, place * headSize, (place + 1) * headSize);
    const q = turned(maybeNormed(tape, slice(query, head), ofHead(layer.queryNorm), norm.epsilon));
    const k = turned(maybeNormed(tape, slice(key, shared), ofHead(layer.keyNorm), norm.epsilon));
    const scaled = tape.scale(
      tape.product(q, k, true),
      architecture.attentionScale ?? 1 / Math.sqrt(headSize),
    );
    const scores = capped(tape, scaled, softCaps.attention);
    return tape.product(tape.causalSoftmax(scores, window ?? Infinity), slice(value, shared));
  });
  return linear(tape, tape.join(mixed), layer.output, activation);
}

function feedForward(
  tape: Tape,
  x: Matrix,
  layer: OracleLayer,
  name: OracleActivation,
  activation: Activation,
): Matrix {
  const gated = tape.map(
    [linear(tape, x, layer.gate, activation), linear(tape, x, layer.up, activation)],
    (gate = NaN, up = NaN) => activated(name, gate)[0] * up,
    (gate = NaN, up = NaN) => {
      const [value, slope] = activated(name, gate);
      return [up * slope, value];
    },
  );
  return linear(tape, gated, layer.down, activation);
}

/** Hidden states after the final norm, [time, hidden]. */
export function hiddenStates(
  tape: Tape,
  architecture: OracleConfiguration,
  weights: OracleWeights,
  tokens: readonly number[],
  activation: Activation = exactActivation,
): Matrix {
  const { embeddingScale } = architecture;
  const { epsilon } = architecture.norm;
  const embedded = tape.gather(weights.embedding, tokens);
  let x = embeddingScale === 1 ? embedded : tape.scale(embedded, embeddingScale);
  const norm = (rows: Matrix, weight?: Matrix): Matrix => maybeNormed(tape, rows, weight, epsilon);
  weights.layers.forEach((layer, index) => {
    const read = norm(x, layer.attentionNorm);
    const attended = attention(tape, read, layer, architecture, index, activation);
    x = tape.add(x, norm(attended, layer.attentionAfterNorm));
    const fed = feedForward(tape, norm(x, layer.feedForwardNorm), layer, architecture.activation, activation);
    x = tape.add(x, norm(fed, layer.feedForwardAfterNorm));
  });
  return tape.rmsNorm(x, weights.norm, epsilon);
}

/** Next-token logits [time, vocabulary] of hidden states, capped, then divided by the temperature. */
export function logits(
  tape: Tape,
  { softCaps }: OracleConfiguration,
  hidden: Matrix,
  weights: OracleWeights,
  temperature = 1,
  activation: Activation = exactActivation,
): Matrix {
  const products = tape.product(activation(tape, hidden), weights.output, true);
  return tape.scale(capped(tape, products, softCaps.logits), 1 / temperature);
}
