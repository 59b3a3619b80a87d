/** Groups of operators that are faster as one: each with a closed-form gradient of its own. */
import { shapeText } from './dimension.ts';
import { GraphError } from './errors.ts';
import { sumTo } from './gradient.ts';
import { Graph, type GradientRule, type Value } from './graph.ts';
import * as ops from './operators.ts';

/**
 * Name of a composite -> its gradient, which a test holds docs/engine.md against.
 *
 * @internal so `knip --production` leaves it: documentation is not run
 */
export const COMPOSITE_FORMULAS: Readonly<Record<string, string>> = {
  RmsNorm: 'n = X r, h = g W: dX = r (h - n mean(h n)), dW = sum(g n), r = 1 / sqrt(mean(X^2) + epsilon)',
  Rotary: 'dX = g turned by the negative angle',
};

/**
 * Root-mean-square normalisation: y = x / sqrt(mean(x^2) + epsilon) * weight over the last axis.
 *
 * @param x [..., size]
 * @param weight [size]
 */
export function rmsNorm(x: Value, weight: Value, epsilon: number): Value {
  const size = x.shape.at(-1);
  if (size === undefined || shapeText(weight.shape) !== shapeText([size])) {
    throw new GraphError(`RmsNorm: weight ${shapeText(weight.shape)} for ${shapeText(x.shape)}`);
  }
  const { y, inverse } = normalised(x, weight, epsilon);
  const rule: GradientRule = ({ outputGradients: [g], needed }) => {
    if (g === undefined) return [];
    const normal = ops.multiply(ops.after(x, g), inverse);
    const toInput = (): Value => {
      const scaled = ops.multiply(g, weight);
      const mean = ops.reduceMean(ops.multiply(scaled, normal), { axes: [-1], keep: true });
      return ops.multiply(inverse, ops.subtract(scaled, ops.multiply(normal, mean)));
    };
    const toWeight = (): Value => sumTo(ops.multiply(g, normal), weight.shape);
    return [needed[0] === true ? toInput() : undefined, needed[1] === true ? toWeight() : undefined];
  };
  return ops.first(Graph.composite('RmsNorm', [x, weight], () => [y], rule));
}

/** The result and 1 / sqrt(mean(x^2) + epsilon); the engine's fused operator has no float64. */
function normalised(x: Value, weight: Value, epsilon: number): { y: Value; inverse: Value } {
  if (x.dtype === 'float64') {
    const mean = ops.reduceMean(ops.multiply(x, x), { axes: [-1], keep: true });
    const inverse = ops.reciprocal(ops.sqrt(ops.add(mean, epsilon)));
    return { y: ops.multiply(ops.multiply(x, inverse), weight), inverse };
  }
  const attributes = { axis: -1, epsilon: { float: epsilon }, stash_type: 1 };
  const statistics = { dtype: 'float32', shape: [...x.shape.slice(0, -1), 1] } as const;
  const [y, inverse] = Graph.emit('SimplifiedLayerNormalization', [x, weight], attributes, [x, statistics]);
  if (y === undefined || inverse === undefined) throw new GraphError('RmsNorm: no result');
  return { y, inverse: ops.cast(inverse, x.dtype) };
}

/** Angles of the rotary embedding. */
export interface RotaryTables {
  /** position of each token, int64 [batch, time] */
  readonly positions: Value;
  /** cosine and sine of position times frequency, [positions, size / 2] */
  readonly cosine: Value;
  readonly sine: Value;
  /** pairs (0, 1), (2, 3), ... if true; (0, size / 2), (1, size / 2 + 1), ... if not */
  readonly interleaved: boolean;
}

/** Turns pairs of a head's elements by angles that grow with the position: x [batch, heads, time, size]. */
export function rotary(x: Value, tables: RotaryTables): Value {
  if (x.shape.length !== 4)
    throw new GraphError(`Rotary: needs [batch, heads, time, size], got ${shapeText(x.shape)}`);
  const { positions, cosine, sine, interleaved } = tables;
  const turn = (value: Value, sines: Value): Value => {
    const attributes = { interleaved: Number(interleaved) };
    return ops.emitOne(
      'RotaryEmbedding',
      [value, positions, cosine, sines],
      value,
      attributes,
      'com.microsoft',
    );
  };
  const rule: GradientRule = ({ outputGradients: [g] }) =>
    g === undefined ? [] : [turn(g, ops.negate(sine))];
  return ops.first(Graph.composite('Rotary', [x], () => [turn(x, sine)], rule));
}
