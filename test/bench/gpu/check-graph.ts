/** Holds a graph against the table of what the CUDA provider registers: operators, element types, and how weights are used. */
import { readFileSync } from 'node:fs';
import type { Graph, TensorType, Value } from '../../../gpu-runner/tensor/graph.ts';
import { bodiesOf, type UsedNode, usedConstants, usedNodes } from './used-nodes.ts';

/** One registered kernel: names of types per operand (the last may repeat) and what each name stands for. */
interface Registration {
  readonly since: number;
  readonly inputs: string;
  readonly outputs: string;
  readonly types: Readonly<Record<string, string>>;
}

interface OperatorTable {
  readonly source: string;
  readonly operators: Readonly<Record<string, Registration>>;
}

/** What a check found. */
export interface GraphCheck {
  /** operators of the graph and all bodies */
  readonly operators: number;
  /** operators by name */
  readonly byName: Readonly<Record<string, number>>;
  /** bytes of constants in files */
  readonly weightBytes: number;
  /** what the provider would refuse or place on the CPU, and whole weights that stay unfolded; empty when all is well */
  readonly faults: readonly string[];
}

let table: OperatorTable | undefined;

/** The table, with where it comes from. */
export function cudaOperatorTable(): OperatorTable {
  table ??= JSON.parse(
    readFileSync(new URL('cuda-operators.json', import.meta.url), 'utf8'),
  ) as OperatorTable;
  return table;
}

/** Checks every operator that the graph's outputs need. */
export function checkCudaGraph(graph: Graph): GraphCheck {
  const nodes = usedNodes(graph);
  const byName: Record<string, number> = {};
  for (const { node } of nodes) {
    const name = keyOf(node);
    byName[name] = (byName[name] ?? 0) + 1;
  }
  const faults = [...nodes.flatMap(operatorFaults), ...weightFaults(nodes), ...loopFaults(nodes)];
  const files = new Set(
    [graph, ...nodes.map((used) => used.graph)].flatMap(({ initializers }) =>
      initializers.filter(({ source }) => 'location' in source).map(({ value }) => value.name),
    ),
  );
  const weightBytes = usedConstants(graph, nodes)
    .filter(({ name }) => files.has(name))
    .reduce(
      (sum, { dtype, shape }) => sum + bytesOf(shape) * (dtype === 'float16' ? 2 : dtype === 'uint8' ? 1 : 4),
      0,
    );
  return { operators: nodes.length, byName, weightBytes, faults: [...new Set(faults)] };
}

function keyOf({ domain, operator }: UsedNode['node']): string {
  return domain === '' ? operator : `${domain}:${operator}`;
}

function bytesOf(shape: Value['shape']): number {
  return shape.reduce<number>((product, size) => product * Number(size), 1);
}

/** An operator that is not registered, or not in these types. */
function operatorFaults({ node, path }: UsedNode): string[] {
  const key = keyOf(node);
  const where = `${path.join(' > ')}: ${node.name}`;
  const registration = cudaOperatorTable().operators[key];
  if (registration === undefined) return [`${where}: CUDA registers no ${key}`];
  const bound = new Map<string, string>();
  return [
    ...operandFaults(where, registration, registration.inputs, node.inputs, bound),
    ...operandFaults(where, registration, registration.outputs, node.outputs, bound),
  ];
}

function operandFaults(
  where: string,
  { types }: Registration,
  parameters: string,
  operands: readonly (TensorType | undefined)[],
  bound: Map<string, string>,
): string[] {
  const names = parameters.split(' ');
  return operands.flatMap((operand, index) => {
    if (operand === undefined) return [];
    const written = names[index] ?? names.at(-1) ?? '';
    if (names[index] === undefined && !written.endsWith('...')) {
      return [`${where}: has ${operands.length} operands, CUDA takes ${names.length}`];
    }
    const name = written.replace('...', '');
    const allowed = types[name] ?? name;
    if (!allowed.split(' ').includes(operand.dtype)) {
      return [`${where}: operand ${index} is ${operand.dtype}, CUDA takes ${allowed}`];
    }
    // What a loop carries and a branch returns may differ in type among itself.
    if (name === 'V' && written.endsWith('...')) return [];
    const before = bound.get(name);
    bound.set(name, operand.dtype);
    return before === undefined || before === operand.dtype
      ? []
      : [`${where}: operand ${index} is ${operand.dtype} where another ${name} is ${before}`];
  });
}

/**
 * A weight that is unfolded must be read by one product and then be gone; anything else that computes on a constant alone the
 * engine computes while loading, and keeps.
 */
function weightFaults(nodes: readonly UsedNode[]): string[] {
  const weights = new Set(
    nodes.flatMap(({ graph }) =>
      graph.root().initializers.flatMap(({ value, source }) => ('location' in source ? [value.name] : [])),
    ),
  );
  const readers = new Map<string, UsedNode[]>();
  for (const used of nodes) {
    for (const input of used.node.inputs) {
      if (input === undefined) continue;
      const known = readers.get(input.name);
      if (known === undefined) readers.set(input.name, [used]);
      else known.push(used);
    }
  }
  const small = new Set(['MatMulNBits', 'DequantizeLinear', 'SimplifiedLayerNormalization', 'Gather']);
  return nodes.flatMap(({ node }) => {
    const fromWeights = node.inputs.filter((input) => input !== undefined && weights.has(input.name));
    if (fromWeights.length === 0) return [];
    const large = fromWeights.some((input) => input !== undefined && input.shape.length > 1);
    if (large && !small.has(node.operator))
      return [`${node.name}: ${node.operator} of a weight is kept unfolded`];
    if (node.operator !== 'DequantizeLinear') return [];
    const uses = consumers(node.outputs[0], readers);
    return uses.length === 1 && uses[0] === 'MatMul'
      ? []
      : [`${node.name}: an unfolded weight is read by ${uses.join(', ') || 'nothing'}, not by one product`];
  });
}

/** The operators that read a value, through changes of its shape. */
function consumers(value: Value | undefined, readers: ReadonlyMap<string, readonly UsedNode[]>): string[] {
  if (value === undefined) return [];
  return (readers.get(value.name) ?? []).flatMap(({ node }) =>
    node.operator === 'Reshape' ? consumers(node.outputs[0], readers) : [node.operator],
  );
}

/** A decoding loop must not decide on the device whether it goes on: that would be a copy and a wait a token. */
function loopFaults(nodes: readonly UsedNode[]): string[] {
  return nodes.flatMap(({ node }) => {
    const [body] = bodiesOf(node);
    if (node.operator !== 'Loop' || body === undefined || !body.name.startsWith('steps')) return [];
    const [goesOn] = body.outputs;
    const isPassedOn = body.inputs.some(({ name }) => name === goesOn?.value.name);
    return isPassedOn ? [] : [`${node.name}: the loop over tokens waits for a condition`];
  });
}
