/** Reverse-mode differentiation: one table, operator -> how its gradient is written in operators. */
import { isFloating } from './data-type.ts';
import { addDimensions, elementCount, shapeText, subtractDimensions } from './dimension.ts';
import type { Dimension, Shape } from './dimension.ts';
import { GradientError } from './errors.ts';
import { Graph, type GradientRule, type Producer, type Value } from './graph.ts';
import * as ops from './operators.ts';

/** The formula is documentation: dX is the gradient of X, g that of the result Y. */
interface TableEntry {
  readonly formula: string;
  readonly rule: GradientRule;
}

/** Rules of operators whose inputs all have gradients, on the values they surely have. */
type SimpleRule = (
  gradient: Value,
  inputs: readonly Value[],
  output: Value,
  producer: Producer,
) => (Value | undefined)[];

function entry(formula: string, rule: SimpleRule): TableEntry {
  return {
    formula,
    rule: ({ producer, inputs, outputs, outputGradients: [gradient] }) => {
      const [output] = outputs;
      if (gradient === undefined || output === undefined) return [];
      return rule(
        gradient,
        inputs.filter((input) => input !== undefined),
        output,
        producer,
      );
    },
  };
}

/** A rule of one input; `y` is the result. */
function unary(
  formula: string,
  rule: (g: Value, x: Value, y: Value, producer: Producer) => Value,
): TableEntry {
  return entry(formula, (g, [x], y, producer) => (x === undefined ? [] : [rule(g, x, y, producer)]));
}

/** A rule of two broadcast inputs, each side written only when needed. */
function binary(
  formula: string,
  left: (g: Value, a: Value, b: Value, y: Value) => Value,
  right: (g: Value, a: Value, b: Value, y: Value) => Value,
): TableEntry {
  return {
    formula,
    rule: ({ inputs: [a, b], outputs: [y], outputGradients: [g], needed }) => {
      if (a === undefined || b === undefined || y === undefined || g === undefined) return [];
      return [
        needed[0] === true ? sumTo(left(g, a, b, y), a.shape) : undefined,
        needed[1] === true ? sumTo(right(g, a, b, y), b.shape) : undefined,
      ];
    },
  };
}

/** Sums a gradient over the axes that broadcasting added or stretched. */
export function sumTo(gradient: Value, shape: Shape): Value {
  if (shapeText(gradient.shape) === shapeText(shape)) return gradient;
  const added = gradient.shape.length - shape.length;
  const axes = gradient.shape.flatMap((dimension, axis) => {
    const wanted = axis < added ? 1 : shape[axis - added];
    return axis < added || (wanted === 1 && dimension !== 1) ? [axis] : [];
  });
  return ops.reshape(ops.reduceSum(gradient, { axes, keep: true }), shape);
}

const zerosLike = (x: Value, graph = x.graph): Value => ops.full(graph, 0, x.dtype, x.shape);
const keepWhere = (condition: Value, g: Value): Value => ops.where(condition, g, 0);
const dropWhere = (condition: Value, g: Value): Value => ops.where(condition, 0, g);

/** The integers of a constant operand, such as axes. */
function integers(value: Value | undefined, what: string): number[] {
  if (value?.constant === undefined) throw new GradientError(`${what} must be constant to be differentiated`);
  return Array.from(value.constant, Number);
}

function axisOf(producer: Producer): number {
  const { axis } = producer.attributes;
  if (typeof axis !== 'number') throw new GradientError(`${producer.operator} has no axis`);
  return axis;
}

/** Puts reduced axes back as 1 and stretches over them. */
function unreduce(reduced: Value, x: Value, producer: Producer): Value {
  const axes = new Set(integers(producer.inputs[1], 'Axes'));
  const kept = x.shape.map((dimension, axis) => (axes.has(axis) ? 1 : dimension));
  return ops.reshape(reduced, kept);
}

function reducedCount(x: Value, producer: Producer): Dimension {
  return elementCount(integers(producer.inputs[1], 'Axes').map((axis) => x.shape[axis] ?? 1));
}

/** Y = scale op(A) op(B), where op may swap the last two axes: dA and dB are again such products. */
const productRule: GradientRule = ({ producer, inputs: [a, b], outputGradients: [g], needed }) => {
  if (a === undefined || b === undefined || g === undefined) return [];
  const { transA = 0, transB = 0, alpha } = producer.attributes;
  const [transposeA, transposeB] = [transA === 1, transB === 1];
  const scale = typeof alpha === 'object' && 'float' in alpha ? alpha.float : 1;
  const toA = (): Value =>
    transposeA
      ? ops.matMul(b, g, { transposeA: transposeB, transposeB: true, scale })
      : ops.matMul(g, b, { transposeB: !transposeB, scale });
  const toB = (): Value => {
    if (b.shape.length === 2 && a.shape.length > 2 && !transposeA) {
      // One product over all rows instead of one per leading index and a sum.
      const [rows, gradients] = [flattenRows(a), flattenRows(g)];
      return transposeB
        ? ops.matMul(gradients, rows, { transposeA: true, scale })
        : ops.matMul(rows, gradients, { transposeA: true, scale });
    }
    return transposeB
      ? ops.matMul(g, a, { transposeA: true, transposeB: transposeA, scale })
      : ops.matMul(a, g, { transposeA: !transposeA, scale });
  };
  return [
    needed[0] === true ? sumTo(toA(), a.shape) : undefined,
    needed[1] === true ? sumTo(toB(), b.shape) : undefined,
  ];
};

function flattenRows(x: Value): Value {
  return ops.reshape(x, [elementCount(x.shape.slice(0, -1)), x.shape.at(-1) ?? 1]);
}

/** dX of a slice: the gradient between zeros. */
function padBack(g: Value, x: Value, producer: Producer): Value {
  const starts = integers(producer.inputs[1], 'Slice starts');
  const axes = integers(producer.inputs[3], 'Slice axes');
  const before: Dimension[] = x.shape.map(() => 0);
  const after: Dimension[] = x.shape.map(() => 0);
  axes.forEach((axis, index) => {
    const size = x.shape[axis] ?? 0;
    const start = starts[index] ?? 0;
    const first = start < 0 ? subtractDimensions(size, -start) : start;
    before[axis] = first;
    after[axis] = subtractDimensions(size, addDimensions(first, g.shape[axis] ?? 0));
  });
  const pads = g.graph.shapeTensor([...before, ...after]);
  return ops.emitOne('Pad', [g, pads], x);
}

/** dX of rows picked along an axis: each gradient row added where it came from. */
function addRowsBack(g: Value, x: Value, indices: Value, axis: number): Value {
  const spread = indices.shape.length;
  const picked = g.shape.map((_, index) => index).slice(axis, axis + spread);
  const others = g.shape.map((_, index) => index).filter((index) => index < axis || index >= axis + spread);
  const rowsFirst = ops.transpose(g, [...picked, ...others]);
  const order = [axis, ...x.shape.map((_, index) => index).filter((index) => index !== axis)];
  const [count = 1, ...rest] = order.map((index) => x.shape[index] ?? 1);
  return ops.transpose(
    ops.addRows(rowsFirst, indices, count, rest),
    order.map((_, position) => order.indexOf(position)),
  );
}

/** Operator -> gradient rule. */
export const GRADIENT_RULES: Readonly<Record<string, TableEntry>> = {
  Add: binary(
    'dA = g, dB = g',
    (g) => g,
    (g) => g,
  ),
  Sub: binary(
    'dA = g, dB = -g',
    (g) => g,
    (g) => ops.negate(g),
  ),
  Mul: binary(
    'dA = g B, dB = g A',
    (g, _a, b) => ops.multiply(g, b),
    (g, a) => ops.multiply(g, a),
  ),
  Div: binary(
    'dA = g / B, dB = -g Y / B',
    (g, _a, b) => ops.divide(g, b),
    (g, _a, b, y) => ops.negate(ops.divide(ops.multiply(g, y), b)),
  ),
  Min: binary(
    'dA = g where A <= B, dB = g elsewhere',
    (g, a, b) => keepWhere(ops.lessOrEqual(a, b), g),
    (g, a, b) => dropWhere(ops.lessOrEqual(a, b), g),
  ),
  Max: binary(
    'dA = g where A >= B, dB = g elsewhere',
    (g, a, b) => keepWhere(ops.greaterOrEqual(a, b), g),
    (g, a, b) => dropWhere(ops.greaterOrEqual(a, b), g),
  ),
  Neg: unary('dX = -g', (g) => ops.negate(g)),
  Abs: unary('dX = g sign(X)', (g, x) => ops.multiply(g, ops.emitOne('Sign', [x], x))),
  Exp: unary('dX = g Y', (g, _x, y) => ops.multiply(g, y)),
  Log: unary('dX = g / X', (g, x) => ops.divide(g, x)),
  Sqrt: unary('dX = g / (2 Y)', (g, _x, y) => ops.divide(ops.multiply(g, 0.5), y)),
  Reciprocal: unary('dX = -g Y^2', (g, _x, y) => ops.negate(ops.multiply(g, ops.multiply(y, y)))),
  Pow: {
    formula: 'dX = c g X^(c - 1), c constant',
    rule: ({ inputs: [x, exponent], outputGradients: [g] }) => {
      const power = Number(exponent?.constant?.[0] ?? Number.NaN);
      if (x === undefined || g === undefined || Number.isNaN(power))
        throw new GradientError('Pow needs a constant power');
      return [ops.multiply(ops.multiply(g, power), power === 2 ? x : ops.power(x, power - 1))];
    },
  },
  Sigmoid: unary('dX = g Y (1 - Y)', (g, _x, y) => ops.multiply(g, ops.multiply(y, ops.subtract(1, y)))),
  Tanh: unary('dX = g (1 - Y^2)', (g, _x, y) => ops.multiply(g, ops.subtract(1, ops.multiply(y, y)))),
  Softplus: unary('dX = g sigmoid(X)', (g, x) => ops.multiply(g, ops.sigmoid(x))),
  Clip: {
    formula: 'dX = g where low <= X <= high',
    rule: ({ inputs: [x, low, high], outputGradients: [g] }) => {
      if (x === undefined || g === undefined || low === undefined || high === undefined) return [];
      return [keepWhere(ops.and(ops.greaterOrEqual(x, low), ops.lessOrEqual(x, high)), g)];
    },
  },
  Where: {
    formula: 'dA = g where the condition holds, dB = g elsewhere',
    rule: ({ inputs: [condition, a, b], outputGradients: [g], needed }) => {
      if (condition === undefined || a === undefined || b === undefined || g === undefined) return [];
      return [
        undefined,
        needed[1] === true ? sumTo(keepWhere(condition, g), a.shape) : undefined,
        needed[2] === true ? sumTo(dropWhere(condition, g), b.shape) : undefined,
      ];
    },
  },
  Cast: unary('dX = g in the type of X', (g, x) => ops.cast(g, x.dtype)),
  MatMul: { formula: 'dA = g B^T, dB = A^T g', rule: productRule },
  FusedMatMul: { formula: 'as MatMul, with the transposes and the scale moved along', rule: productRule },
  Softmax: unary('dX = Y (g - sum(g Y))', (g, _x, y, producer) => {
    const along = ops.reduceSum(ops.multiply(g, y), { axes: [axisOf(producer)], keep: true });
    return ops.multiply(y, ops.subtract(g, along));
  }),
  ReduceSum: unary('dX = g stretched', (g, x, _y, producer) => ops.expand(unreduce(g, x, producer), x.shape)),
  ReduceMean: unary('dX = g / n stretched', (g, x, _y, producer) => {
    const count = reducedCount(x, producer);
    const size =
      typeof count === 'number' ? count : ops.cast(ops.squeeze(g.graph.dimension(count), [0]), x.dtype);
    return ops.expand(unreduce(ops.divide(g, size), x, producer), x.shape);
  }),
  ReduceMax: unary('dX = g shared by the places of the maximum', (g, x, y, producer) =>
    shareExtremes(g, x, y, producer),
  ),
  ReduceMin: unary('dX = g shared by the places of the minimum', (g, x, y, producer) =>
    shareExtremes(g, x, y, producer),
  ),
  Identity: unary('dX = g', (g) => g),
  Reshape: unary('dX = g in the shape of X', (g, x) => ops.reshape(g, x.shape)),
  Squeeze: unary('dX = g in the shape of X', (g, _x, _y, producer) =>
    ops.unsqueeze(g, integers(producer.inputs[1], 'Axes')),
  ),
  Unsqueeze: unary('dX = g in the shape of X', (g, _x, _y, producer) =>
    ops.squeeze(g, integers(producer.inputs[1], 'Axes')),
  ),
  Expand: unary('dX = g summed over the stretched axes', (g, x) => sumTo(g, x.shape)),
  Transpose: unary('dX = g with the axes put back', (g, _x, _y, producer) => {
    const { perm } = producer.attributes;
    if (!Array.isArray(perm)) throw new GradientError('Transpose has no permutation');
    return ops.transpose(
      g,
      perm.map((_, axis) => perm.indexOf(axis)),
    );
  }),
  Slice: unary('dX = g between zeros', (g, x, _y, producer) => padBack(g, x, producer)),
  Concat: {
    formula: 'dX_i = its part of g',
    rule: ({ producer, inputs, outputGradients: [g] }) => {
      if (g === undefined) return [];
      const axis = axisOf(producer);
      const parts = inputs.filter((input) => input !== undefined);
      const sizes = g.graph.shapeTensor(parts.map((part) => part.shape[axis] ?? 0));
      return Graph.emit('Split', [g, sizes], { axis }, parts);
    },
  },
  Split: {
    formula: 'dX = the gradients of the parts, concatenated',
    rule: ({ producer, outputs, outputGradients }) => {
      const graph = outputGradients.find((gradient) => gradient !== undefined)?.graph;
      const parts = outputs.map((output, index) => outputGradients[index] ?? zerosLike(output, graph));
      return [ops.concat(parts, axisOf(producer))];
    },
  },
  Gather: entry('dX = g added at the indices', (g, [x, indices], _y, producer) =>
    x === undefined || indices === undefined ? [] : [addRowsBack(g, x, indices, axisOf(producer))],
  ),
  GatherElements: entry('dX = g added at the indices', (g, [x, indices], _y, producer) =>
    x === undefined || indices === undefined
      ? []
      : [ops.scatterElements(zerosLike(x, g.graph), indices, g, axisOf(producer), 'add')],
  ),
};

function shareExtremes(g: Value, x: Value, y: Value, producer: Producer): Value {
  const places = ops.cast(ops.equal(x, unreduce(y, x, producer)), x.dtype);
  const count = ops.reduceSum(places, { axes: integers(producer.inputs[1], 'Axes'), keep: true });
  return ops.multiply(places, ops.divide(unreduce(g, x, producer), count));
}

/** All producers that a value depends on, in creation order. */
function history(value: Value): Producer[] {
  const found = new Set<Producer>();
  const open = [value.producer];
  for (let producer = open.pop(); open.length > 0 || producer !== undefined; producer = open.pop()) {
    if (producer === undefined || found.has(producer)) continue;
    found.add(producer);
    for (const input of producer.inputs) if (input !== undefined) open.push(input.producer);
  }
  return [...found].sort((a, b) => a.order - b.order);
}

/**
 * The gradients of a scalar with respect to values, written into the graph as operators. Only what leads to one
 * of the values is differentiated: a frozen weight costs the gradient of its input and nothing else.
 *
 * @param loss a scalar
 * @param values parameters or intermediate values the loss depends on
 * @param lossGradient gradient of the loss itself, 1 unless given
 * @throws GradientError if the loss does not depend on a value, or an operator in between has no rule
 */
export function gradients(
  loss: Value,
  values: readonly Value[],
  lossGradient: ops.Operand = 1,
): readonly Value[] {
  if (loss.shape.length > 0)
    throw new GradientError(`The loss must be a scalar, it is ${shapeText(loss.shape)}`);
  const producers = history(loss);
  const needed = new Set(values.map((value) => value.id));
  for (const producer of producers) {
    const depends = producer.inputs.some((input) => input !== undefined && needed.has(input.id));
    if (depends) for (const output of producer.outputs) if (isFloating(output.dtype)) needed.add(output.id);
  }
  const collected = new Map<number, Value>([[loss.id, ops.asValue(lossGradient, loss)]]);
  for (const producer of producers.reverse()) {
    const wants = producer.inputs.map((input) => input !== undefined && needed.has(input.id));
    const outputGradients = producer.outputs.map((output) => collected.get(output.id));
    if (!wants.includes(true) || outputGradients.every((gradient) => gradient === undefined)) continue;
    const rule = producer.gradient ?? GRADIENT_RULES[producer.operator]?.rule;
    if (rule === undefined) throw new GradientError(`${producer.operator} has no gradient rule`);
    const { inputs, outputs } = producer;
    const inputGradients = rule({ producer, inputs, outputs, outputGradients, needed: wants });
    inputs.forEach((input, index) => {
      const gradient = inputGradients[index];
      if (input === undefined || wants[index] !== true || gradient === undefined) return;
      assertFits(producer, input, gradient);
      const sum = collected.get(input.id);
      collected.set(input.id, sum === undefined ? gradient : ops.add(sum, gradient));
    });
  }
  return values.map((value) => {
    const gradient = collected.get(value.id);
    if (gradient === undefined)
      throw new GradientError(`The loss does not depend on ${value.name} differentiably`);
    return gradient;
  });
}

function assertFits(producer: Producer, input: Value, gradient: Value): void {
  if (shapeText(gradient.shape) !== shapeText(input.shape) || gradient.dtype !== input.dtype) {
    throw new GradientError(
      `${producer.operator}: the rule gave ${ops.typeText(gradient)} as gradient of ${ops.typeText(input)}`,
    );
  }
}
