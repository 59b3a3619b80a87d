/** Tokens of texts that begin alike, as training and scoring graphs read them: each beginning once, and no padding but in attention. */
import { elementCount, multiplyDimensions } from '../../tensor/dimension.ts';
import { Graph, type Value } from '../../tensor/graph.ts';
import * as ops from '../../tensor/operators.ts';
import { withZeroRow } from './select-rows.ts';

/**
 * A batch of bundles. Activations stand in flat rows, one for each token; attention alone lays them out as a grid, whose places are
 * those of all beginnings and behind them those of all texts.
 */
export interface BundledTokens {
  /** int64 [groups, length], in flat rows group by group; groups with fewer tokens are padded behind them */
  readonly tokens: Value;
  /** int64 [groups, bundles, prefix]: the flat row of each place of a beginning, their number where it is padding */
  readonly prefixRows: Value;
  /** int64 [groups, bundles, siblings, own]: the same of what each text has of its own */
  readonly textRows: Value;
  /** int64 [groups, length]: the place of each flat row, their number where it is padding */
  readonly places: Value;
  /** int64 [groups, bundles]: places of each beginning that are no padding, 0 where nothing is shared */
  readonly prefixLengths: Value;
}

/** The inputs of a graph. */
export function bundledInputs(graph: Graph, groups: number): BundledTokens {
  return {
    tokens: graph.input('tokens', 'int64', [groups, 'length']),
    prefixRows: graph.input('prefixRows', 'int64', [groups, 'bundles', 'prefix']),
    textRows: graph.input('textRows', 'int64', [groups, 'bundles', 'siblings', 'own']),
    places: graph.input('places', 'int64', [groups, 'length']),
    prefixLengths: graph.input('prefixLengths', 'int64', [groups, 'bundles']),
  };
}

/** All values of a tensor in a row. */
const flat = (x: Value): Value => ops.reshape(x, [elementCount(x.shape)]);

/** Rows by an index, some of which stand for nothing: whatever is read there, nobody looks at. */
function gatherSome(rows: Value, index: Value): Value {
  const last = ops.subtract(rows.graph.dimension(rows.shape[0] ?? 1), 1);
  return ops.gather(rows, ops.minimum(flat(index), last));
}

/** Rows by an index, zeros where it stands for nothing. */
const gatherOrZero = (withZero: Value, index: Value): Value => ops.gather(withZero, flat(index));

/**
 * Flat rows [N, F] laid out for attention: [places of beginnings, F] and [places of texts, F].
 *
 * Every row has one place, so its gradient is read there: dX = [g_beginnings, g_texts][place].
 */
export function toGrid(
  { prefixRows, textRows, places }: BundledTokens,
  rows: Value,
): readonly [prefixes: Value, texts: Value] {
  const [prefixes, texts] = Graph.composite(
    'ToGrid',
    [rows],
    () => [gatherSome(rows, prefixRows), gatherSome(rows, textRows)],
    ({ outputs, outputGradients }) => {
      const graph = outputGradients.find((gradient) => gradient !== undefined)?.graph;
      if (graph === undefined) return [];
      const parts = outputs.map(
        ({ dtype, shape }, index) => outputGradients[index] ?? ops.full(graph, 0, dtype, shape),
      );
      return [gatherOrZero(withZeroRow(ops.concat(parts, 0)), places)];
    },
  );
  return [ops.known(prefixes), ops.known(texts)];
}

/** The way back of {@link toGrid}: flat rows [N, F], and dX = g[row], 0 where a place is padding. */
export function fromGrid(
  { prefixRows, textRows, places }: BundledTokens,
  prefixes: Value,
  texts: Value,
): Value {
  return ops.first(
    Graph.composite(
      'FromGrid',
      [prefixes, texts],
      () => [gatherSome(ops.concat([prefixes, texts], 0), places)],
      ({ outputGradients: [g] }) => {
        if (g === undefined) return [];
        const withZero = withZeroRow(g);
        return [gatherOrZero(withZero, prefixRows), gatherOrZero(withZero, textRows)];
      },
    ),
  );
}

/** Flat rows of one group. */
export function rowsPerGroup({ tokens }: BundledTokens): Value['shape'][number] {
  return tokens.shape[1] ?? 1;
}

/** All tokens in the order of the flat rows, int64 [N]. */
export function flatTokens({ tokens }: BundledTokens): Value {
  return ops.reshape(tokens, [multiplyDimensions(tokens.shape[0] ?? 1, tokens.shape[1] ?? 1)]);
}
