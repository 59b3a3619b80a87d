/** The tensors of a base as constants of a graph, each declared once, their bytes left in the base's files. */
import type { DataType } from '../../tensor/data-type.ts';
import { GraphError } from '../../tensor/errors.ts';
import type { FileRegion, Graph, Value } from '../../tensor/graph.ts';

/** A tensor's type and its place in a file of the base's folder. */
export interface StoredTensor extends FileRegion {
  readonly dtype: DataType;
  readonly shape: readonly number[];
}

export class ExternalTensors {
  readonly #graph: Graph;
  readonly #find: (name: string) => StoredTensor | undefined;
  readonly #declared = new Map<string, Value>();

  /** @param find where a tensor stands, undefined where the base has none of that name */
  constructor(graph: Graph, find: (name: string) => StoredTensor | undefined) {
    this.#graph = graph;
    this.#find = find;
  }

  has(name: string): boolean {
    return this.#find(name) !== undefined;
  }

  /** @throws GraphError if the base has no such tensor */
  value(name: string): Value {
    const known = this.#declared.get(name);
    if (known !== undefined) return known;
    const stored = this.#find(name);
    if (stored === undefined) throw new GraphError(`the base has no tensor ${name}`);
    const { dtype, shape, location, offset, length } = stored;
    const value = this.#graph.external(name, dtype, shape, { location, offset, length });
    this.#declared.set(name, value);
    return value;
  }
}
