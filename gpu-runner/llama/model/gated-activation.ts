/** The gated activation of the feed-forward block, a composite with its own gradient. */
import { GraphError } from '../../tensor/errors.ts';
import { Graph, type Value } from '../../tensor/graph.ts';
import * as ops from '../../tensor/operators.ts';
import type { Architecture } from './architecture.ts';

/** a(x), and from x again the value and the slope a'(x). */
interface Activation {
  readonly forward: (x: Value) => Value;
  readonly backward: (x: Value) => { readonly value: Value; readonly slope: Value };
}

/** silu(x) = x s with s = sigmoid(x); its slope is s + x s (1 - s). */
const silu: Activation = {
  forward: (x) => ops.emitOne('QuickGelu', [x], x, { alpha: { float: 1 } }, 'com.microsoft'),
  backward: (x) => {
    const s = ops.sigmoid(x);
    const value = ops.multiply(x, s);
    return { value, slope: ops.add(s, ops.multiply(value, ops.subtract(1, s))) };
  },
};

/** Beyond it the approximation is x or 0 to the last bit of fp32, and its cube still fits fp16. */
const GELU_END = 12;
const GELU_SLOPE = 2 * Math.sqrt(2 / Math.PI);
const GELU_CUBE = 0.044715;

/**
 * x (1 + tanh u) / 2 = x s with s = sigmoid(2 u), u = sqrt(2 / pi) (x + 0.044715 x^3); its slope is
 * s + x s (1 - s) 2 sqrt(2 / pi) (1 + 3 * 0.044715 x^2).
 */
const geluTanh: Activation = {
  forward: (x) => ops.multiply(x, geluShare(x).s),
  backward: (x) => {
    const { s, held, square } = geluShare(x);
    const inner = ops.multiply(ops.add(ops.multiply(square, 3 * GELU_CUBE), 1), GELU_SLOPE);
    const bend = ops.multiply(ops.multiply(held, inner), ops.multiply(s, ops.subtract(1, s)));
    return { value: ops.multiply(x, s), slope: ops.add(s, bend) };
  },
};

function geluShare(x: Value): { readonly s: Value; readonly held: Value; readonly square: Value } {
  const held = ops.maximum(ops.minimum(x, GELU_END), -GELU_END);
  const square = ops.multiply(held, held);
  const cubic = ops.multiply(held, ops.add(ops.multiply(square, GELU_CUBE), 1));
  return { s: ops.sigmoid(ops.multiply(cubic, GELU_SLOPE)), held, square };
}

/** x P with P = (1 + erf(x / sqrt 2)) / 2; its slope is P + x exp(-x^2 / 2) / sqrt(2 pi). */
const gelu: Activation = {
  forward: (x) => ops.multiply(x, normalShare(x)),
  backward: (x) => {
    const share = normalShare(x);
    const density = ops.multiply(ops.exp(ops.multiply(ops.multiply(x, x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
    return { value: ops.multiply(x, share), slope: ops.add(share, ops.multiply(x, density)) };
  },
};

function normalShare(x: Value): Value {
  const scaled = ops.multiply(x, Math.SQRT1_2);
  return ops.multiply(ops.add(ops.emitOne('Erf', [scaled], scaled), 1), 0.5);
}

const activations: Readonly<Record<Architecture['activation'], Activation>> = {
  silu,
  'gelu-tanh': geluTanh,
  gelu,
};

/**
 * activation(gate) * up of a matrix that holds both side by side.
 *
 * Gradient, with a the activation of the gate: dUp = g a, dGate = g up a'.
 *
 * @param gateUp [rows, 2 F]
 * @returns [rows, F]
 */
export function gatedActivation(gateUp: Value, width: number, name: Architecture['activation']): Value {
  const [gate, up] = ops.split(gateUp, -1, [width, width]);
  if (gate === undefined || up === undefined) throw new GraphError('GatedActivation: no halves');
  const { forward, backward } = activations[name];
  const activated = forward(gate);
  return ops.first(
    Graph.composite(
      'GatedActivation',
      [gateUp],
      () => [ops.multiply(activated, up)],
      ({ outputGradients: [g] }) => {
        if (g === undefined) return [];
        // Computed again from the gate, so that what it is made of is not kept from the forward on.
        const { value, slope } = backward(ops.after(gate, g));
        const toGate = ops.multiply(ops.multiply(g, up), slope);
        return [ops.concat([toGate, ops.multiply(g, value)], -1)];
      },
    ),
  );
}
