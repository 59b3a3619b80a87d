/** Writes a built graph as an ONNX model: unused operators and constants are left out. */
import { type DataType, dataTypeCode } from './data-type.ts';
import { isName } from './dimension.ts';
import { GraphError } from './errors.ts';
import { type Attribute, Graph, type Initializer, type Node, type Value } from './graph.ts';
import { ATTRIBUTE_TYPE, encodeModel, EXTERNAL_LOCATION } from './onnx-proto.ts';
import type {
  AttributeMessage,
  GraphMessage,
  NodeMessage,
  TensorMessage,
  ValueInfoMessage,
} from './onnx-proto.ts';

/** Operator sets the models import; every operator of these has a CPU kernel in the pinned engine. */
const OPERATOR_SETS = [
  { domain: '', version: 21 },
  { domain: 'com.microsoft', version: 1 },
];
const IR_VERSION = 10;

/** The graph as the bytes of an .onnx file; external constants keep pointing at their files. */
export function serialiseGraph(graph: Graph): Uint8Array {
  return encodeModel({
    irVersion: IR_VERSION,
    producerName: 'rlcd',
    graph: messageOf(graph),
    opsetImport: OPERATOR_SETS,
  });
}

/**
 * The bytes of another's .onnx file with a graph on top of it, whose inputs are values of that model by their names. Nothing
 * of the model is parsed: messages of protocol buffers merge where their bytes stand behind one another.
 *
 * The operator sets stay the model's, so the graph must hold to operators that are the same in all of them (Cast, Reshape,
 * MatMul, arithmetic), and its own names must be none of the model's (`Graph.named`).
 *
 * @returns a new array: the model's inputs, its outputs and behind them the graph's
 */
export function appendGraph(model: Uint8Array, graph: Graph): Uint8Array<ArrayBuffer> {
  const { node, initializer, output } = messageOf(graph);
  const part = encodeModel({ graph: { node, initializer, output } });
  const joined = new Uint8Array(model.length + part.length);
  joined.set(model);
  joined.set(part, model.length);
  return joined;
}

function messageOf(graph: Graph): GraphMessage {
  if (graph.parent !== undefined)
    throw new GraphError(`${graph.name} is a body; serialise the graph around it`);
  if (graph.outputs.length === 0) throw new GraphError(`${graph.name} has no outputs`);
  return new Writer().graph(graph, new Set());
}

/** Operators whose kernels leave out results that have no name; of others a nameless result is a crash. */
const OPTIONAL_RESULTS: ReadonlySet<string> = new Set(['SkipSimplifiedLayerNormalization']);

/** Writes graphs into messages, renaming what a graph outputs to the output's name. */
class Writer {
  readonly #renamed = new Map<string, string>();

  /** Message of a graph; adds to `used` the names it takes from the graphs around it. */
  graph(graph: Graph, used: Set<string>): GraphMessage {
    const computed = new Set(graph.nodes.flatMap((node) => node.outputs.map((output) => output.name)));
    const copies: NodeMessage[] = [];
    for (const { name, value } of graph.outputs) {
      if (computed.has(value.name) && !this.#renamed.has(value.name)) this.#renamed.set(value.name, name);
      else
        copies.push({
          name,
          input: [value.name],
          output: [name],
          opType: 'Identity',
          domain: '',
          attribute: [],
        });
    }
    const wanted = new Set(graph.outputs.map(({ value }) => value.name));
    const nodes: NodeMessage[] = [];
    for (const node of graph.nodes.toReversed()) {
      if (node.outputs.some((output) => wanted.has(output.name))) nodes.push(this.#node(node, wanted));
    }
    nodes.reverse();
    for (const copy of copies) nodes.push({ ...copy, input: copy.input.map((input) => this.#name(input)) });
    const inputs = new Set(graph.inputs.map((input) => input.name));
    for (const name of wanted) if (!computed.has(name) && !inputs.has(name)) used.add(name);
    return {
      name: graph.name,
      node: nodes,
      initializer: graph.initializers.filter(({ value }) => wanted.has(value.name)).map(tensorMessage),
      input: graph.inputs.map((value) => valueMessage(value.name, value)),
      output: graph.outputs.map(({ name, value }) => valueMessage(name, value)),
    };
  }

  #node(node: Node, wanted: Set<string>): NodeMessage {
    const isOptional = OPTIONAL_RESULTS.has(node.operator);
    const read = new Set(node.outputs.map(({ name }) => name).filter((name) => wanted.has(name)));
    for (const input of node.inputs) if (input !== undefined) wanted.add(input.name);
    return {
      name: node.name,
      opType: node.operator,
      domain: node.domain,
      input: node.inputs.map((input) => (input === undefined ? '' : this.#name(input.name))),
      output: node.outputs.map(({ name }) => (isOptional && !read.has(name) ? '' : this.#name(name))),
      attribute: Object.entries(node.attributes).map(([name, attribute]) =>
        this.#attribute(name, attribute, wanted),
      ),
    };
  }

  #attribute(name: string, attribute: Attribute, wanted: Set<string>): AttributeMessage {
    if (typeof attribute === 'number') {
      if (!Number.isSafeInteger(attribute)) {
        throw new GraphError(`Attribute ${name} = ${attribute} is not an integer; mark floats as { float }`);
      }
      return { name, type: ATTRIBUTE_TYPE.int, i: attribute };
    }
    if (typeof attribute === 'string') {
      return { name, type: ATTRIBUTE_TYPE.string, s: new TextEncoder().encode(attribute) };
    }
    if (attribute instanceof Graph)
      return { name, type: ATTRIBUTE_TYPE.graph, g: this.graph(attribute, wanted) };
    if ('float' in attribute) return { name, type: ATTRIBUTE_TYPE.float, f: attribute.float };
    if ('floats' in attribute) return { name, type: ATTRIBUTE_TYPE.floats, floats: attribute.floats };
    return { name, type: ATTRIBUTE_TYPE.ints, ints: attribute };
  }

  #name(name: string): string {
    return this.#renamed.get(name) ?? name;
  }
}

function tensorMessage({ value, source }: Initializer): TensorMessage {
  const dims = value.shape.map(Number);
  const tensor = { name: value.name, dataType: dataTypeCode(value.dtype), dims };
  if ('location' in source) {
    const externalData = [
      { key: 'location', value: source.location },
      { key: 'offset', value: String(source.offset) },
      { key: 'length', value: String(source.length) },
    ];
    return { ...tensor, externalData, dataLocation: EXTERNAL_LOCATION };
  }
  return { ...tensor, rawData: new Uint8Array(source.buffer, source.byteOffset, source.byteLength) };
}

function valueMessage(
  name: string,
  { dtype, shape }: { dtype: DataType; shape: Value['shape'] },
): ValueInfoMessage {
  const dim = shape.map((dimension) => {
    if (typeof dimension === 'number') return { dimValue: dimension };
    // An expression is not a name the engine could unify, so it is left open there.
    return isName(dimension) ? { dimParam: dimension } : {};
  });
  return { name, type: { tensorType: { elemType: dataTypeCode(dtype), shape: { dim } } } };
}
