/** Attention of texts that begin alike: each beginning attends to itself, once, and every text to its beginning and to itself. */
import { type Dimension, multiplyDimensions } from '../../tensor/dimension.ts';
import type { Graph, Value } from '../../tensor/graph.ts';
import * as ops from '../../tensor/operators.ts';
import type { Architecture } from './architecture.ts';
import { type BundledTokens, fromGrid, toGrid } from './bundled-tokens.ts';
import { causalAttention, causalMask, type Mix, softmaxMix } from './causal-attention.ts';
import { type Attend, joinHeads, splitHeads } from './decoder-layer.ts';
import { byWindow, scoreScale, turnHeads } from './layer-attention.ts';
import type { LayerTables } from './rotary-tables.ts';

/** What a device gives attention. */
export interface AttentionForm {
  /** added to fp32 scores of places that must not be seen: exp of it is 0 in every row, since each row sees itself */
  readonly hidden: number;
  readonly tables: (layer: number) => LayerTables | undefined;
  /** positions that the tables have at the least */
  readonly maximumTime: number;
  readonly mix?: (layer: number) => Mix;
}

/** What all layers share: positions and masks of a batch, made once. */
interface Places {
  /** int64 [1]: every row counts from it */
  readonly ofPrefixes: Value;
  /** int64 [texts, own] */
  readonly ofTexts: Value;
  /** [prefix, prefix], of each layer */
  readonly prefixMask: (layer: number) => Value;
  /** [texts, 1, own, prefix + own], of each layer */
  readonly textMask: (layer: number) => Value;
}

/**
 * Attention of every layer over a batch of bundles. A text sees what it would see if its beginning stood before it:
 *
 *     K_text = [K_prefix, K_own],  V_text = [V_prefix, V_own],  position = prefix length + place
 *
 * so the gradient of what is shared is the sum over the texts that read it.
 */
export function bundledAttention(
  graph: Graph,
  architecture: Architecture,
  bundled: BundledTokens,
  form: AttentionForm,
): (layer: number) => Attend {
  const [groups = 1, bundles = 1, siblings = 1, own = 1] = bundled.textRows.shape;
  const prefix = bundled.prefixRows.shape[2] ?? 1;
  const beginnings = multiplyDimensions(groups, bundles);
  const texts = multiplyDimensions(beginnings, siblings);
  const places = placesOf(graph, architecture, bundled, form);
  const scoring = { scale: scoreScale(architecture), softCap: architecture.softCaps.attention };
  const { mix = () => softmaxMix, tables } = form;
  /** Of a beginning, for each of its texts. */
  const forTexts = (heads: Value): Value => toSiblings(heads, siblings, beginnings);
  return (layer) => (mixed) => {
    const turn = (heads: Value, positions: Value): Value => turnHeads(heads, tables(layer), positions);
    const [shared, ofTexts] = toGrid(bundled, mixed);
    const first = splitHeads(shared, architecture, beginnings, prefix);
    const then = splitHeads(ofTexts, architecture, texts, own);
    const key = turn(first.key, places.ofPrefixes);
    const ofPrefixes = causalAttention(
      turn(first.query, places.ofPrefixes),
      key,
      first.value,
      places.prefixMask(layer),
      scoring,
      mix(layer),
    );
    const attended = causalAttention(
      turn(then.query, places.ofTexts),
      ops.concat([forTexts(key), turn(then.key, places.ofTexts)], 2),
      ops.concat([forTexts(first.value), then.value], 2),
      places.textMask(layer),
      scoring,
      mix(layer),
    );
    return fromGrid(bundled, joinHeads(ofPrefixes), joinHeads(attended));
  };
}

/** Rows [beginnings, ...rest] repeated for the texts of each, [beginnings * siblings, ...rest]. */
function toSiblings(rows: Value, siblings: Dimension, beginnings: Dimension): Value {
  const rest = rows.shape.slice(1);
  const repeated = ops.expand(ops.unsqueeze(rows, [1]), [beginnings, siblings, ...rest]);
  return ops.reshape(repeated, [multiplyDimensions(beginnings, siblings), ...rest]);
}

function placesOf(
  graph: Graph,
  architecture: Architecture,
  { prefixRows, prefixLengths, textRows }: BundledTokens,
  { hidden, maximumTime }: AttentionForm,
): Places {
  const [groups = 1, bundles = 1, siblings = 1, own = 1] = textRows.shape;
  const prefix = prefixRows.shape[2] ?? 1;
  const beginnings = multiplyDimensions(groups, bundles);
  const texts = multiplyDimensions(beginnings, siblings);
  const lengths = ops.reshape(prefixLengths, [beginnings, 1]);
  // Padding may stand behind the longest text that there can be; nothing looks at it.
  const positions = ops.minimum(ops.add(lengths, ops.unsqueeze(ops.range(graph, own), [0])), maximumTime - 1);
  const columns = ops.reshape(ops.range(graph, prefix), [1, 1, prefix]);
  const masks = byWindow(architecture, (window) => {
    const padding = ops.greaterOrEqual(columns, ops.unsqueeze(lengths, [2]));
    const reach = ops.unsqueeze(positions, [2]);
    const unseen =
      window === null ? padding : ops.or(padding, ops.lessOrEqual(columns, ops.subtract(reach, window)));
    const onPrefix = ops.where(unseen, graph.scalar(hidden, 'float32'), 0);
    const onOwn = causalMask(graph, own, hidden, window);
    return ops.concat(
      [
        toSiblings(ops.unsqueeze(ops.expand(onPrefix, [beginnings, own, prefix]), [1]), siblings, beginnings),
        ops.expand(onOwn, [texts, 1, own, own]),
      ],
      3,
    );
  });
  return {
    ofPrefixes: graph.constant('int64', [0]),
    ofTexts: toSiblings(positions, siblings, beginnings),
    prefixMask: byWindow(architecture, (window) => causalMask(graph, prefix, hidden, window)),
    textMask: masks,
  };
}
