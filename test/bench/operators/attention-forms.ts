/** Attention of one new token a row: as the sampler writes it, with a past in one part, and by the engine's own operator. */
import { attend, valueUnits } from '../../../gpu-runner/llama/backends/cpu/exact-attention.ts';
import type { Architecture } from '../../../gpu-runner/llama/model/architecture.ts';
import { rotaryTables } from '../../../gpu-runner/llama/model/rotary-tables.ts';
import { rotary } from '../../../gpu-runner/tensor/composites.ts';
import { GraphError } from '../../../gpu-runner/tensor/errors.ts';
import { Graph, type Value } from '../../../gpu-runner/tensor/graph.ts';
import * as ops from '../../../gpu-runner/tensor/operators.ts';
import type { Step } from './time-in-loop.ts';

/** Tokens before the new one, and how many of them stand in the recent part. */
export const PAST = 48;
const RECENT = 16;
const LIMIT = 8;

interface Form {
  /** of the queries [rows, 1, A D], keys and values of the token [rows, 1, 2 G D], and keys and values of each part of the past */
  readonly shapes: readonly (readonly number[])[];
  readonly step: Step;
}

/** The forms by name, each with the rotation and the growth of the past. */
export function attentionForms(architecture: Architecture, rows: number): Readonly<Record<string, Form>> {
  const { heads, keyValueHeads, headSize } = architecture;
  const form = (step: Step, parts: readonly number[]): Form => {
    const token = [heads, 2 * keyValueHeads].map((count) => [rows, 1, count * headSize]);
    const past = parts.flatMap((tokens) =>
      Array.from({ length: 2 }, () => [rows, keyValueHeads, tokens, headSize]),
    );
    return { shapes: [...token, ...past], step };
  };
  const written = writtenOut(architecture, rows);
  return {
    GroupQueryAttention: form(fused(architecture, rows), [PAST]),
    'past in two parts': form(written, [PAST - RECENT, RECENT]),
    'past in one part': form(written, [PAST]),
  };
}

function writtenOut(architecture: Architecture, rows: number): Step {
  const { heads, keyValueHeads, headSize, rope } = architecture;
  return (query, keyValue, ...past) => {
    const graph = query.graph.root();
    const [cosine, sine] = tables(graph, architecture);
    const positions = graph.constant('int64', pastOfRows(rows), [rows, 1]);
    const angles = { cosine, sine, positions, interleaved: rope.layout === 'interleaved' };
    const grid = { limit: graph.scalar(LIMIT, 'float32'), fine: false, long: false };
    const all = [rows, 1, heads + 2 * keyValueHeads, headSize];
    const mixed = ops.reshape(ops.concat([query, known(keyValue)], 2), all);
    const byHead = ops.split(ops.transpose(mixed, [0, 2, 1, 3]), 1, [heads, keyValueHeads, keyValueHeads]);
    const [q, k, v] = byHead.map(known);
    const grown = (side: 0 | 1, token: Value): readonly Value[] => {
      const parts = past.filter((_, index) => index % 2 === side);
      return [...parts.slice(0, -1), ops.concat([known(parts.at(-1)), token], 2)];
    };
    const below = [rows, keyValueHeads, heads / keyValueHeads, headSize];
    const rotated = ops.reshape(rotary(known(q), angles), below);
    const products = grown(0, rotary(known(k), angles)).map((keys) =>
      ops.matMul(rotated, keys, { transposeB: true, scale: 1 / Math.sqrt(headSize) }),
    );
    const scores = products.length === 1 ? ops.first(products) : ops.concat(products, 3);
    const mask = graph.constant('float32', new Float32Array(rows * (PAST + 1)), [rows, 1, 1, PAST + 1]);
    const attended = attend(ops.add(scores, mask), grown(1, valueUnits(known(v), grid)), grid).mixed;
    const side = ops.transpose(ops.reshape(attended, [rows, heads, 1, headSize]), [0, 2, 1, 3]);
    return ops.reshape(side, query.shape);
  };
}

function fused(architecture: Architecture, rows: number): Step {
  const { heads, keyValueHeads, headSize, rope } = architecture;
  return (query, keyValue, keys, values) => {
    const graph = query.graph.root();
    const lengths = graph.constant('int32', pastOfRows(rows), [rows]);
    const total = graph.constant('int32', [PAST + 1], []);
    const mixed = ops.concat([query, known(keyValue)], 2);
    const grown = { dtype: 'float32', shape: [rows, keyValueHeads, PAST + 1, headSize] } as const;
    const outputs = Graph.emit(
      'GroupQueryAttention',
      [mixed, undefined, undefined, keys, values, lengths, total, ...tables(graph, architecture)],
      {
        num_heads: heads,
        kv_num_heads: keyValueHeads,
        do_rotary: 1,
        rotary_interleaved: Number(rope.layout === 'interleaved'),
      },
      [{ dtype: 'float32', shape: query.shape }, grown, grown],
      'com.microsoft',
    );
    return ops.first(outputs);
  };
}

/** The tokens before the new one, of each row. */
function pastOfRows(rows: number): number[] {
  return Array.from({ length: rows }, () => PAST);
}

function tables(graph: Graph, architecture: Architecture): readonly [Value, Value] {
  const { cosine, sine } = rotaryTables(architecture, PAST + 1);
  const shape = [PAST + 1, architecture.headSize / 2];
  return [graph.constant('float32', cosine, shape), graph.constant('float32', sine, shape)];
}

function known(value: Value | undefined): Value {
  if (value === undefined) throw new GraphError('Attention lost a value');
  return value;
}
