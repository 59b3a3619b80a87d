/** The operators of a graph and of its bodies that its outputs need, which are those that a model file holds. */
import { Graph, type Node, type Value } from '../../../gpu-runner/tensor/graph.ts';

/** An operator, and how many loops and branches stand around it. */
export interface UsedNode {
  readonly node: Node;
  readonly graph: Graph;
  /** the names of the graphs from the outermost inwards */
  readonly path: readonly string[];
}

/** Operators in the order they were built, bodies behind the operator that runs them. */
export function usedNodes(graph: Graph): UsedNode[] {
  return collect(graph, [graph.name]).nodes;
}

/** The bodies of a loop or a branch. */
export function bodiesOf({ attributes }: Node): Graph[] {
  return Object.values(attributes).filter((attribute) => attribute instanceof Graph);
}

function collect(
  graph: Graph,
  path: readonly string[],
): { readonly nodes: UsedNode[]; readonly wanted: ReadonlySet<string> } {
  const wanted = new Set(graph.outputs.map(({ value }) => value.name));
  const nodes: UsedNode[] = [];
  for (const node of graph.nodes.toReversed()) {
    if (!node.outputs.some(({ name }) => wanted.has(name))) continue;
    const inner: UsedNode[] = [];
    for (const body of bodiesOf(node)) {
      const found = collect(body, [...path, body.name]);
      inner.push(...found.nodes);
      for (const name of found.wanted) wanted.add(name);
    }
    for (const input of node.inputs) if (input !== undefined) wanted.add(input.name);
    nodes.unshift({ node, graph, path }, ...inner);
  }
  return { nodes, wanted };
}

/** The constants of a model that its nodes read. */
export function usedConstants(graph: Graph, nodes: readonly UsedNode[]): Value[] {
  const read = new Set(nodes.flatMap(({ node }) => node.inputs.map((input) => input?.name)));
  const graphs = new Set([graph, ...nodes.map((used) => used.graph)]);
  return [...graphs].flatMap(({ initializers }) =>
    initializers.map(({ value }) => value).filter(({ name }) => read.has(name)),
  );
}
