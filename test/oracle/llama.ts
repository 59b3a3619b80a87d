/** LLaMA in float64 by the textbook, one sequence at a time: the independent judge of the training graphs. */
import { frequency, type OracleRope } from './rope.ts';
import { Matrix, type Tape } from './tape.ts';

/** What the oracle needs to know of an architecture (structurally the engine's architecture). */
export interface OracleConfiguration {
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headSize: number;
  readonly norm: { readonly epsilon: number };
  readonly rope: OracleRope;
}

/** A linear layer x @ weight, weight [in,out], with an optional low-rank addition scale * (x @ a) @ b. */
export interface OracleLinear {
  readonly weight: Matrix;
  readonly adapter?: { readonly a: Matrix; readonly b: Matrix; readonly scale: number };
}

interface OracleLayer {
  readonly attentionNorm: Matrix;
  readonly query: OracleLinear;
  readonly key: OracleLinear;
  readonly value: OracleLinear;
  readonly output: OracleLinear;
  readonly feedForwardNorm: Matrix;
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
  const base = tape.product(activation(tape, x), layer.weight);
  if (layer.adapter === undefined) return base;
  const { a, b, scale } = layer.adapter;
  return tape.add(base, tape.scale(tape.product(tape.product(x, a), b), scale));
}

/** Rotates each pair of one head's columns by position times its frequency. */
function rotate(tape: Tape, x: Matrix, architecture: OracleConfiguration): Matrix {
  const size = architecture.headSize;
  const out = new Matrix(x.rows, size);
  const turn = (source: Float64Array, target: Float64Array, direction: 1 | -1): void => {
    for (let position = 0; position < x.rows; position++) {
      for (let pair = 0; pair < size / 2; pair++) {
        const [first, second] =
          architecture.rope.layout === 'interleaved' ? [2 * pair, 2 * pair + 1] : [pair, pair + size / 2];
        const angle = direction * position * frequency(architecture.rope, pair, false);
        const i = position * size + first;
        const j = position * size + second;
        const [a, b] = [source[i] ?? 0, source[j] ?? 0];
        target[i] = (target[i] ?? 0) + a * Math.cos(angle) - b * Math.sin(angle);
        target[j] = (target[j] ?? 0) + a * Math.sin(angle) + b * Math.cos(angle);
      }
    }
  };
  turn(x.data, out.data, 1);
  tape.onBackward(() => {
    turn(out.gradient, x.gradient, -1);
  });
  return out;
}

function attention(
  tape: Tape,
  x: Matrix,
  layer: OracleLayer,
  architecture: OracleConfiguration,
  activation: Activation,
): Matrix {
  const { heads, keyValueHeads, headSize } = architecture;
  const query = linear(tape, x, layer.query, activation);
  const key = linear(tape, x, layer.key, activation);
  const value = linear(tape, x, layer.value, activation);
  const mixed = Array.from({ length: heads }, (_, head) => {
    const shared = Math.floor(head / (heads / keyValueHeads));
    const slice = (all: Matrix, index: number): Matrix =>
      tape.columns(all, index * headSize, (index + 1) * headSize);
    const q = rotate(tape, slice(query, head), architecture);
    const k = rotate(tape, slice(key, shared), architecture);
    const scores = tape.scale(tape.product(q, k, true), 1 / Math.sqrt(headSize));
    return tape.product(tape.causalSoftmax(scores), slice(value, shared));
  });
  return linear(tape, tape.join(mixed), layer.output, activation);
}

function feedForward(tape: Tape, x: Matrix, layer: OracleLayer, activation: Activation): Matrix {
  const sigmoid = (z: number): number => 1 / (1 + Math.exp(-z));
  const gated = tape.map(
    [linear(tape, x, layer.gate, activation), linear(tape, x, layer.up, activation)],
    (gate, up) => gate * sigmoid(gate) * up,
    (gate, up) => {
      const s = sigmoid(gate);
      return [up * s * (1 + gate * (1 - s)), gate * s];
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
  const epsilon = architecture.norm.epsilon;
  let x = tape.gather(weights.embedding, tokens);
  for (const layer of weights.layers) {
    const attended = attention(
      tape,
      tape.rmsNorm(x, layer.attentionNorm, epsilon),
      layer,
      architecture,
      activation,
    );
    x = tape.add(x, attended);
    x = tape.add(x, feedForward(tape, tape.rmsNorm(x, layer.feedForwardNorm, epsilon), layer, activation));
  }
  return tape.rmsNorm(x, weights.norm, epsilon);
}

/** Next-token logits [time, vocabulary] of hidden states, divided by the temperature. */
export function logits(
  tape: Tape,
  hidden: Matrix,
  weights: OracleWeights,
  temperature = 1,
  activation: Activation = exactActivation,
): Matrix {
  return tape.scale(tape.product(activation(tape, hidden), weights.output, true), 1 / temperature);
}
