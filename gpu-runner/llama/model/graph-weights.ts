/** How a training graph reads its weights: a frozen base in 8-bit or fp32, or a trainable fp32 vector. */
import { elementCount } from '../../tensor/dimension.ts';
import { GraphError } from '../../tensor/errors.ts';
import type { Graph, Value } from '../../tensor/graph.ts';
import * as ops from '../../tensor/operators.ts';
import type { Architecture } from './architecture.ts';
import { UNSIGNED_FILE } from '../backends/cpu/unsigned-file.ts';
import { BASE_BINARY_FILE, type BaseFile } from '../weights/base-file.ts';
import { baseLayout } from '../weights/base-layout.ts';
import { type FlatTensor, layFlat } from './lora-layout.ts';

/** The base of a model inside a graph. Rows of activations are flat, [N, features]. */
export interface GraphWeights {
  readonly architecture: Architecture;
  /** rows of the embedding, [N, hidden], for tokens int64 [N] */
  readonly embed: (tokens: Value) => Value;
  /** a norm's weight [hidden] by its name in the base, such as `layers.0.attention.norm` */
  readonly norm: (name: string) => Value;
  /** x @ W of a linear layer by its name in the base, such as `layers.0.attention.qkv` */
  readonly linear: (name: string, x: Value) => Value;
  /** of a frozen 8-bit base: what no value of this layer's attention exceeds, fp32 scalar */
  readonly valueLimit?: (layer: number) => Value;
}

/** Constants of a frozen base, each declared once per graph. */
export class FrozenTensors {
  readonly #graph: Graph;
  readonly #base: BaseFile;
  readonly #declared = new Map<string, Value>();

  constructor(graph: Graph, base: BaseFile) {
    this.#graph = graph;
    this.#base = base;
  }

  has(name: string): boolean {
    return this.#base.has(name);
  }

  value(name: string): Value {
    const known = this.#declared.get(name);
    if (known !== undefined) return known;
    const { dtype, shape, offset, length } = this.#base.region(name);
    const value = this.#graph.external(name, dtype, shape, { location: BASE_BINARY_FILE, offset, length });
    this.#declared.set(name, value);
    return value;
  }

  /** A weight of a product plus 128 as unsigned bytes, where the base has that in a file. */
  unsigned(name: string): Value | undefined {
    if (!this.#base.hasUnsigned) return undefined;
    const key = `${name}.unsigned`;
    const known = this.#declared.get(key);
    if (known !== undefined) return known;
    const { shape, offset, length } = this.#base.region(name);
    const value = this.#graph.external(key, 'uint8', shape, { location: UNSIGNED_FILE, offset, length });
    this.#declared.set(key, value);
    return value;
  }
}

/** A frozen fp32 base. */
export function frozenFloatWeights(base: BaseFile, tensors: FrozenTensors): GraphWeights {
  return {
    architecture: base.architecture,
    embed: (tokens) => ops.gather(tensors.value('embedding.weight'), tokens),
    norm: (name) => tensors.value(`${name}.weight`),
    linear: (name, x) => {
      if (name === 'output' && !tensors.has('output.weight')) {
        return ops.matMul(x, tensors.value('embedding.weight'), { transposeB: true });
      }
      return ops.matMul(x, tensors.value(`${name}.weight`));
    },
  };
}

/** Tensors of a fully trainable model in one flat vector, in the order of an fp32 base. */
export function fullLayout(architecture: Architecture): FlatTensor[] {
  return layFlat(baseLayout(architecture, 'fp32').map(({ name, shape }) => [name, shape]));
}

/** Cuts flat vectors [G, P] into their tensors, [...leading, ...shape] each. */
export function cutFlat(
  vector: Value,
  tensors: readonly FlatTensor[],
  leading: readonly number[],
): ReadonlyMap<string, Value> {
  const parts = ops.split(
    vector,
    1,
    tensors.map(({ length }) => length),
  );
  return new Map(
    tensors.map(({ name, shape }, index) => {
      const part = parts[index];
      if (part === undefined) throw new GraphError(`the vector has no ${name}`);
      return [name, ops.reshape(part, [...leading, ...shape])];
    }),
  );
}

/**
 * Trainable fp32 weights.
 *
 * @param parameters each tensor by its name in the base, in its own shape
 * @param embed rows of the embedding; its gradient needs a plan from the host
 */
export function trainableWeights(
  architecture: Architecture,
  parameters: ReadonlyMap<string, Value>,
  embed: (table: Value, tokens: Value) => Value,
): GraphWeights {
  const parameter = (name: string): Value => {
    const value = parameters.get(name);
    if (value === undefined) throw new GraphError(`the parameters have no ${name}`);
    return value;
  };
  return {
    architecture,
    embed: (tokens) => embed(parameter('embedding.weight'), tokens),
    norm: (name) => parameter(`${name}.weight`),
    linear: (name, x) => {
      if (name === 'output' && architecture.tiedEmbedding) {
        return ops.matMul(x, parameter('embedding.weight'), { transposeB: true });
      }
      return ops.matMul(x, parameter(`${name}.weight`));
    },
  };
}

/** x in rows by group: [N, F] -> [groups, N / groups, F]. */
export function byGroup(x: Value, groups: number, rowsPerGroup: Value['shape'][number]): Value {
  const width = x.shape.at(-1) ?? 1;
  if (elementCount([groups, rowsPerGroup]) !== elementCount(x.shape.slice(0, -1))) {
    throw new GraphError(`rows do not fall into ${groups} groups of ${rowsPerGroup}`);
  }
  return ops.reshape(x, [groups, rowsPerGroup, width]);
}
