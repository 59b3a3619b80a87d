/** Cosine and sine tables of the rotary embedding, computed in float64: constants of a graph, or inputs where runs are long. */
import type { RotaryTables } from '../../tensor/composites.ts';
import type { Graph, Value } from '../../tensor/graph.ts';
import * as ops from '../../tensor/operators.ts';
import type { HostTensor, HostTensors } from '../../tensor/session.ts';
import type { Architecture } from './architecture.ts';
import { type RotaryKind, rotaryKind, turning } from './rotary-frequencies.ts';

/** Cosine and sine of one kind of layers, [positions, rotarySize / 2], not yet at any positions. */
export type LayerTables = Pick<RotaryTables, 'cosine' | 'sine' | 'interleaved'>;

/** Tables [positions, rotarySize / 2], row-major. */
export interface RotaryTableData {
  readonly cosine: Float32Array;
  readonly sine: Float32Array;
}

/** The tables for positions 0 .. positions - 1. */
export function rotaryTables(
  architecture: Architecture,
  positions: number,
  kind: RotaryKind = 'global',
): RotaryTableData {
  const { frequencies, attentionFactor } = turning(architecture, kind);
  const cosine = new Float32Array(positions * frequencies.length);
  const sine = new Float32Array(positions * frequencies.length);
  for (let position = 0; position < positions; position++) {
    frequencies.forEach((frequency, pair) => {
      cosine[position * frequencies.length + pair] = attentionFactor * Math.cos(position * frequency);
      sine[position * frequencies.length + pair] = attentionFactor * Math.sin(position * frequency);
    });
  }
  return { cosine, sine };
}

/** Numbers of a table that a graph holds as a constant: 1 MiB. */
const INLINE_NUMBERS = 1 << 18;

/** Whether graphs for sequences of up to `limit` tokens hold their tables; the others are fed what each run needs. */
function isInline({ rope }: Architecture, limit: number): boolean {
  return (limit * rope.rotarySize) / 2 <= INLINE_NUMBERS;
}

const KINDS = ['global', 'local'] as const;

/** The kinds of tables that some layer turns by. */
function kindsOf(architecture: Architecture): RotaryKind[] {
  const layers = Array.from({ length: architecture.layers }, (_, layer) => layer);
  const used = new Set(layers.map((layer) => rotaryKind(architecture, layer)));
  return KINDS.filter((kind) => used.has(kind));
}

/** The tables that each layer turns by, undefined for one that does not turn. @param limit tokens of the longest sequence */
export function layerTables(
  graph: Graph,
  architecture: Architecture,
  limit: number,
  dtype: 'float32' | 'float16' = 'float32',
): (layer: number) => LayerTables | undefined {
  const pairs = architecture.rope.rotarySize / 2;
  const interleaved = architecture.rope.layout === 'interleaved';
  const fed = (name: string): Value =>
    ops.cast(graph.input(name, 'float32', ['rotaryPositions', pairs]), dtype);
  const held = (numbers: Float32Array): Value =>
    graph.constant(dtype, dtype === 'float32' ? numbers : [...numbers], [limit, pairs]);
  const made = kindsOf(architecture).map((kind): readonly [RotaryKind, LayerTables] => {
    if (!isInline(architecture, limit))
      return [kind, { cosine: fed(`${kind}.cosine`), sine: fed(`${kind}.sine`), interleaved }];
    const { cosine, sine } = rotaryTables(architecture, limit, kind);
    return [kind, { cosine: held(cosine), sine: held(sine), interleaved }];
  });
  const tables = new Map<RotaryKind | null, LayerTables>(made);
  return (layer) => tables.get(rotaryKind(architecture, layer));
}

/**
 * What graphs of {@link layerTables} are fed besides all else: nothing where they hold their tables.
 *
 * @param limit tokens of the longest sequence, as the graph was built for
 * @param positions of this run
 */
export function rotaryFeeds(architecture: Architecture, limit: number, positions: number): HostTensors {
  if (isInline(architecture, limit)) return {};
  const shape = [positions, architecture.rope.rotarySize / 2];
  const feeds = kindsOf(architecture).flatMap((kind) => {
    const tables = rotaryTables(architecture, positions, kind);
    return (['cosine', 'sine'] as const).map((name): [string, HostTensor] => [
      `${kind}.${name}`,
      { dtype: 'float32', shape, data: tables[name] },
    ]);
  });
  return Object.fromEntries(feeds);
}
