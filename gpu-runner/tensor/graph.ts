/** The graph builder: typed values with symbolic shapes, operators appended in order, nested bodies. */
import { bytesPerElement, checkData, dataFromNumbers, type DataType, type TensorData } from './data-type.ts';
import {
  canonical,
  dimensionTerms,
  elementCount,
  isName,
  knownElementCount,
  shapeText,
} from './dimension.ts';
import type { Dimension, Shape } from './dimension.ts';
import { GraphError } from './errors.ts';

export interface TensorType {
  readonly dtype: DataType;
  readonly shape: Shape;
}

/** Where the bytes of a large constant stand: a region of a file beside the model. */
export interface FileRegion {
  /** file name, relative to the folder of the model file */
  readonly location: string;
  /** first byte; a multiple of 4096 lets the engine map the file instead of reading it */
  readonly offset: number;
  readonly length: number;
}

/** A plain number is an ONNX int (and a list, ints); floats are marked, since both are JavaScript numbers. */
export type Attribute =
  | number
  | string
  | readonly number[]
  | { readonly float: number }
  | { readonly floats: readonly number[] }
  | Graph;

export type Attributes = Readonly<Record<string, Attribute>>;

/** What made a value, as differentiation sees it: an operator or a composite of operators. */
export interface Producer {
  readonly operator: string;
  readonly inputs: readonly (Value | undefined)[];
  readonly outputs: readonly Value[];
  readonly attributes: Attributes;
  /** position in creation order; gradients are taken in falling order */
  readonly order: number;
  /** a composite's own rule; operators look theirs up in the gradient table */
  readonly gradient?: GradientRule;
}

/**
 * The gradients of the inputs (undefined where not needed or not differentiable), given those of the outputs
 * (undefined where the loss does not depend on that output; at least one is defined).
 */
export type GradientRule = (call: {
  readonly producer: Producer;
  readonly inputs: readonly (Value | undefined)[];
  readonly outputs: readonly Value[];
  readonly outputGradients: readonly (Value | undefined)[];
  /** whether anything asks for the gradient of that input; skip the work otherwise */
  readonly needed: readonly boolean[];
}) => readonly (Value | undefined)[];

/** A tensor in a graph: a handle with a type. Two handles may name one tensor and differ in their producer. */
export interface Value extends TensorType {
  readonly name: string;
  readonly id: number;
  readonly graph: Graph;
  readonly producer: Producer | undefined;
  /** the constant's elements, when it is a small inline constant */
  readonly constant: TensorData | undefined;
}

export interface Node extends Producer {
  readonly domain: string;
  readonly name: string;
}

/** A constant of the model: inline bytes or a file region. */
export interface Initializer {
  readonly value: Value;
  readonly source: TensorData | FileRegion;
}

/** State that a whole model shares: names and creation order. */
interface ModelState {
  next: number;
  readonly names: Set<string>;
  prefix: string;
}

const MAXIMUM_INLINE_BYTES = 1 << 20;

/** A graph, or the body of a Loop, If or Scan (then `parent` is the graph around it, whose values it sees). */
export class Graph {
  readonly name: string;
  readonly parent: Graph | undefined;
  readonly depth: number;
  readonly inputs: Value[] = [];
  readonly outputs: { readonly name: string; readonly value: Value }[] = [];
  readonly nodes: Node[] = [];
  readonly initializers: Initializer[] = [];
  readonly #model: ModelState;
  readonly #constants = new Map<string, Value>();
  readonly #computed = new Map<string, readonly Value[]>();
  readonly #dimensions = new Map<string, { readonly value: Value; readonly axis: number }>();

  constructor(name: string, parent?: Graph) {
    this.name = name;
    this.parent = parent;
    this.depth = parent === undefined ? 0 : parent.depth + 1;
    this.#model = parent === undefined ? { next: 0, names: new Set(), prefix: '' } : parent.#model;
  }

  /** A graph input. Names of its symbolic dimensions become known to the graph. */
  input(name: string, dtype: DataType, shape: Shape): Value {
    const value = this.#value(this.#claim(name), { dtype, shape });
    this.inputs.push(value);
    value.shape.forEach((dimension, axis) => {
      if (isName(dimension) && !this.#dimensions.has(dimension))
        this.#dimensions.set(dimension, { value, axis });
    });
    return value;
  }

  /** Makes a value an output of the graph under a name. */
  output(name: string, value: Value): void {
    this.#assertVisible('output', value);
    this.outputs.push({ name: this.#claim(name), value });
  }

  /** A small constant, stored in the model itself; equal constants are one. @throws GraphError above 1 MiB */
  constant(
    dtype: DataType,
    elements: TensorData | readonly number[],
    shape: Shape = [elements.length],
  ): Value {
    const root = this.root();
    const data = Array.isArray(elements) ? dataFromNumbers(dtype, elements) : (elements as TensorData);
    const count = knownElementCount(shape);
    if (count === undefined)
      throw new GraphError(`A constant cannot have the symbolic shape ${shapeText(shape)}`);
    checkData(`Constant ${shapeText(shape)}`, dtype, data, count);
    if (data.byteLength > MAXIMUM_INLINE_BYTES) {
      throw new GraphError(
        `Constant ${dtype}${shapeText(shape)}: over 1 MiB; write it to a file, use external()`,
      );
    }
    const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    const key = `${dtype}${shapeText(shape)}${bytes.toString('latin1')}`;
    const known = root.#constants.get(key);
    if (known !== undefined) return known;
    const value = root.#value(root.#fresh('constant'), { dtype, shape }, undefined, data);
    root.initializers.push({ value, source: data });
    root.#constants.set(key, value);
    return value;
  }

  /** A scalar constant. */
  scalar(value: number, dtype: DataType): Value {
    return this.constant(dtype, [value], []);
  }

  /**
   * A large constant whose bytes stand in a file; several graphs may point at one region. It belongs to this graph: the
   * engine packs the weights of a product only when they stand in the product's graph or in the one right around it.
   */
  external(name: string, dtype: DataType, shape: Shape, region: FileRegion): Value {
    const count = knownElementCount(shape);
    if (count === undefined || count * bytesPerElement(dtype) !== region.length) {
      throw new GraphError(
        `External ${name}: ${dtype}${shapeText(shape)} needs ` +
          `${count === undefined ? 'a known size' : `${count * bytesPerElement(dtype)} bytes`}, ` +
          `the region in ${region.location} has ${region.length}`,
      );
    }
    const value = this.#value(this.#claim(name), { dtype, shape });
    this.initializers.push({ value, source: region });
    return value;
  }

  /** A body for Loop, If or Scan, which sees this graph's values. */
  body(name: string): Graph {
    return new Graph(this.#fresh(name), this);
  }

  /**
   * The same value as seen from this body: operators on it are then emitted in this graph, where otherwise they
   * go to the outermost graph that knows their operands (computed once, outside a loop or a branch).
   */
  capture(value: Value): Value {
    this.#assertVisible('capture', value);
    const outputs: Value[] = [];
    const gradient: GradientRule = ({ outputGradients }) => outputGradients;
    const order = this.#model.next++;
    const producer: Producer = {
      operator: 'Capture',
      inputs: [value],
      outputs,
      attributes: {},
      order,
      gradient,
    };
    const captured = this.#value(value.name, value, producer, value.constant);
    outputs.push(captured);
    return captured;
  }

  /**
   * Appends an operator; the shapes of its outputs are the caller's word. The functions in `operators/` check
   * theirs; this is the way to any other operator. An equal earlier call is reused.
   *
   * @param graph where to emit; the innermost graph of the inputs unless given
   */
  static emit(
    operator: string,
    inputs: readonly (Value | undefined)[],
    attributes: Attributes,
    outputs: readonly TensorType[],
    domain = '',
    graph = innermost(operator, inputs),
  ): readonly Value[] {
    return graph.#append(operator, inputs, attributes, outputs, domain);
  }

  /**
   * Groups operators under a name with a gradient rule of its own, which replaces the rules of the operators
   * inside: `forward` emits them on the inputs and returns the results.
   */
  static composite(
    operator: string,
    inputs: readonly (Value | undefined)[],
    forward: () => readonly Value[],
    gradient: GradientRule,
    attributes: Attributes = {},
  ): readonly Value[] {
    const results = forward();
    const [first] = results;
    if (first === undefined) throw new GraphError(`${operator}: a composite needs an output`);
    const outputs: Value[] = [];
    const model = first.graph.#model;
    const producer: Producer = { operator, inputs, outputs, attributes, order: model.next++, gradient };
    for (const result of results) {
      outputs.push(result.graph.#value(result.name, result, producer));
    }
    return outputs;
  }

  /** The same tensor under another declared shape, and without history: no gradient flows through. */
  static detach(value: Value, shape: Shape = value.shape): Value {
    return value.graph.#value(value.name, { dtype: value.dtype, shape }, undefined, value.constant);
  }

  /** Runs `build` with names of operators under a prefix, so that profiles tell where time goes. */
  named<Result>(prefix: string, build: () => Result): Result {
    const outer = this.#model.prefix;
    this.#model.prefix = `${outer}${prefix}/`;
    try {
      return build();
    } finally {
      this.#model.prefix = outer;
    }
  }

  /** The size of a dimension while the graph runs, as int64 [1]. @throws GraphError if no input defines a name */
  dimension(dimension: Dimension): Value {
    const wanted = canonical(dimension);
    if (typeof wanted === 'number') return this.constant('int64', [wanted]);
    const int64 = { dtype: 'int64', shape: [1] } as const;
    let sum: Value | undefined;
    for (const { names, coefficient } of dimensionTerms(wanted)) {
      let product: Value | undefined;
      if (names.length === 0 || coefficient !== 1) product = this.constant('int64', [coefficient]);
      for (const name of names) {
        const size = this.#sizeOf(name);
        product = product === undefined ? size : Graph.emit('Mul', [product, size], {}, [int64])[0];
      }
      if (product === undefined) continue;
      sum = sum === undefined ? product : Graph.emit('Add', [sum, product], {}, [int64])[0];
    }
    if (sum === undefined) throw new GraphError(`Dimension ${dimension} is empty`);
    return sum;
  }

  /** A shape while the graph runs, as int64 [rank]. */
  shapeTensor(shape: Shape): Value {
    const known = shape.filter((dimension) => typeof dimension === 'number');
    if (known.length === shape.length) return this.constant('int64', known);
    const parts = shape.map((dimension) => this.dimension(dimension));
    const [only] = parts;
    if (parts.length === 1 && only !== undefined) return only;
    const [all] = Graph.emit('Concat', parts, { axis: 0 }, [{ dtype: 'int64', shape: [parts.length] }]);
    if (all === undefined) throw new GraphError('Concat has no output');
    return all;
  }

  /** The model's outermost graph. */
  root(): Graph {
    return this.parent === undefined ? this : this.parent.root();
  }

  /** Whether `other` is this graph or one around it. */
  sees(other: Graph): boolean {
    return this === other || (this.parent?.sees(other) ?? false);
  }

  #sizeOf(name: string): Value {
    const source = this.#dimensions.get(name);
    if (source !== undefined) {
      const attributes = { start: source.axis, end: source.axis + 1 };
      const [size] = Graph.emit('Shape', [source.value], attributes, [{ dtype: 'int64', shape: [1] }]);
      if (size !== undefined) return size;
    }
    if (this.parent === undefined) {
      throw new GraphError(
        `Dimension "${name}" is asked for at run time, but no input of ${this.name} has it`,
      );
    }
    return this.parent.#sizeOf(name);
  }

  #append(
    operator: string,
    inputs: readonly (Value | undefined)[],
    attributes: Attributes,
    types: readonly TensorType[],
    domain: string,
  ): readonly Value[] {
    for (const input of inputs) if (input !== undefined) this.#assertVisible(operator, input);
    const shared = !Object.values(attributes).some((attribute) => attribute instanceof Graph);
    const called = `${domain}:${operator}(${inputs.map((input) => input?.id ?? '').join()})`;
    const returned = types.map(({ dtype, shape }) => dtype + shapeText(shape)).join();
    const key = shared ? `${called}${JSON.stringify(attributes)}${returned}` : '';
    const known = shared ? this.#computed.get(key) : undefined;
    if (known !== undefined) return known;
    const outputs: Value[] = [];
    const name = this.#fresh(operator);
    const node: Node = { operator, domain, inputs, outputs, attributes, name, order: this.#model.next++ };
    types.forEach((type, index) => {
      outputs.push(this.#value(index === 0 ? name : `${name}:${index}`, type, node));
    });
    this.nodes.push(node);
    if (shared) this.#computed.set(key, outputs);
    return outputs;
  }

  #value(name: string, type: TensorType, producer?: Producer, constant?: TensorData): Value {
    const shape = type.shape.map(canonical);
    elementCount(shape);
    return { name, id: this.#model.next++, graph: this, dtype: type.dtype, shape, producer, constant };
  }

  #fresh(stem: string): string {
    return this.#claim(`${this.#model.prefix}${stem}_${this.#model.next++}`);
  }

  #claim(name: string): string {
    if (this.#model.names.has(name))
      throw new GraphError(`The name "${name}" is taken in ${this.root().name}`);
    this.#model.names.add(name);
    return name;
  }

  #assertVisible(operator: string, value: Value): void {
    if (!this.sees(value.graph)) {
      throw new GraphError(
        `${operator}: ${value.name} of ${value.graph.name} is not visible in ${this.name}`,
      );
    }
  }
}

/** The innermost graph of some values. @throws GraphError if one does not see the other, or there are none */
export function innermost(operator: string, values: readonly (Value | undefined)[]): Graph {
  let found: Graph | undefined;
  for (const value of values) {
    if (value === undefined) continue;
    if (found === undefined || value.graph.depth > found.depth) found = value.graph;
  }
  if (found === undefined) throw new GraphError(`${operator}: without operands the graph must be given`);
  return found;
}
