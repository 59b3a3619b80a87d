/** A whole rollout for CUDA as one graph: the prompt in one pass, then chunks of decoding steps that nothing waits for. */
import { type Dimension, multiplyDimensions } from '../../../tensor/dimension.ts';
import { Graph, type Value } from '../../../tensor/graph.ts';
import * as ops from '../../../tensor/operators.ts';
import type { Architecture } from '../../model/architecture.ts';
import type { RolloutOptions } from '../../model/backend.ts';
import { decoderLayers, embedded, streamEnd } from '../../model/decoder-layer.ts';
import type { GraphWeights } from '../../model/graph-weights.ts';
import { layerTables, type LayerTables } from '../../model/rotary-tables.ts';
import { appendToPrefix } from '../../model/rollout/append-to-prefix.ts';
import { flatten, type LayerCache, unflatten } from '../../model/rollout/layer-cache.ts';
import {
  cacheShape,
  type RolloutInputs,
  rolloutInputs,
  rolloutOutputs,
} from '../../model/rollout/rollout-graph-ends.ts';
import { anyUnfinished, byName, nextToken, ROW_STATE, type RowState } from '../../model/rollout/row-state.ts';
import { softCapped } from '../../model/soft-cap.ts';
import { rolloutAdapters } from './adapters.ts';
import { fusedAttention, prefixMask, twoPartAttention } from './attention.ts';
import { type CudaBase, cudaTensors, cudaWeights } from './cuda-weights.ts';
import { fusedNorm, plainNorm } from './fused-norm.ts';

/** Decoding steps between two looks at whether all rows have ended. */
export const CUDA_CHUNK_STEPS = 32;

/**
 * How a decoding step attends. `fused`: GroupQueryAttention, few launches, but it copies the whole past each step.
 * `two-part`: the past before the chunk is only read, at the price of ten launches more a layer.
 */
export type DecodeAttention = 'fused' | 'two-part';

/** What is the same for all passes of one graph. */
interface Shared extends RolloutInputs {
  readonly architecture: Architecture;
  readonly tablesOf: (layer: number) => LayerTables | undefined;
  readonly weightsFor: (rowsPerGroup: Dimension) => GraphWeights;
  readonly plain: GraphWeights;
  readonly shapeOf: (places: Dimension) => readonly Dimension[];
  readonly groups: number;
  /** texts that the prompts' pass reads, all groups together */
  readonly lanes: Dimension;
  /** the lane of each row's prompt, int64 [batch] */
  readonly laneOf: Value;
}

/**
 * A rollout of `steps` tokens ({@link RolloutInputs}) with caches in fp16. `firstSteps` is 1 when a prompt comes first,
 * {@link CUDA_CHUNK_STEPS} otherwise.
 *
 * A chunk runs to its end even when all rows have ended in it: the loop then has no condition, which would be one copy to
 * the host and one wait a token. The vocabulary's draw works in fp32; keys, values and all products are fp16.
 */
export function cudaRolloutGraph(
  base: CudaBase,
  attention: DecodeAttention,
  options: Omit<RolloutOptions, 'rows'>,
): Graph {
  const graph = new Graph('cuda-rollout');
  const shared = sharedValues(graph, base, options);
  const { batch, groups, laneOf, state, caches, firstSteps, shapeOf } = shared;
  // After the prompts every row has a lane of its own: what has ended goes on with the others.
  const flat = ops.reshape(state.tokens, [multiplyDimensions(groups, 'length')]);
  const start: RowState = { ...state, token: Graph.detach(flat, [batch]) };
  const hasPrompt = ops.equal(firstSteps, 1);
  const steps = ops.squeeze(graph.dimension('steps'), [0]);
  const rowOf = (row: RowState): Value[] => ROW_STATE.map((name) => row[name]);

  const opened = ops.branch(
    graph,
    'prompt',
    hasPrompt,
    (body) => {
      const pass = promptPass(body, ops.gather(flat, state.laneRows), shared);
      const pick = ops.gather(shared.uniforms, body.scalar(0, 'int64'), 1);
      const next = nextInBody(body, start, pass.logits, pick, shared);
      return [
        ...rowOf(next.row),
        ops.gather(ops.add(state.pastLengths, body.capture(state.inputLengths)), laneOf),
        ops.unsqueeze(next.row.token, [1]),
        ops.unsqueeze(next.logProbability, [1]),
        ...flatten(pass.caches),
      ].map((value, index) => unnamed(value, index, shared));
    },
    (body) =>
      [
        ...rowOf(start),
        Graph.detach(state.pastLengths, [batch]),
        ops.full(body, 0, 'int64', [batch, 0]),
        ops.full(body, 0, 'float32', [batch, 0]),
        ...flatten(caches),
      ].map((value, index) => unnamed(ops.emitOne('Identity', [body.capture(value)], value), index, shared)),
  );
  const taken = ops.where(hasPrompt, graph.scalar(1, 'int64'), 0);
  const left = ops.subtract(steps, taken);
  const chunks = ops.divide(ops.add(left, CUDA_CHUNK_STEPS - 1), CUDA_CHUNK_STEPS);
  const outer = ops.loop(graph, 'chunks', {
    count: chunks,
    carried: [
      ...opened.slice(0, ROW + 1).map((initial) => ({ initial })),
      ...opened.slice(ROW + 1, ROW + 3).map((initial) => ({ initial, shape: [batch, 'produced'] })),
      ...opened.slice(ROW + 3).map((initial) => ({ initial, shape: shapeOf('prefix') })),
    ],
    body: (chunk, _iteration, carried) => {
      const [pastLengths, generated, logProbabilities] = carried
        .slice(ROW, ROW + 3)
        .map((value) => ops.known(value));
      const first = ops.squeeze(chunk.dimension('produced'), [0]);
      const count = ops.minimum(ops.subtract(steps, first), CUDA_CHUNK_STEPS);
      const decoded = decodeChunk(chunk, shared, attention, {
        row: byName(ROW_STATE, carried),
        pastLengths: ops.known(pastLengths),
        prefix: unflatten(carried.slice(ROW + 3)),
        first,
        count,
      });
      return {
        continue: anyUnfinished(decoded.row.finished),
        carried: [
          ...rowOf(decoded.row),
          ops.add(ops.known(pastLengths), count),
          ops.concat([ops.known(generated), decoded.tokens], 1),
          ops.concat([ops.known(logProbabilities), decoded.logProbabilities], 1),
          ...flatten(decoded.caches),
        ],
      };
    },
  });
  const { token, ...row } = byName(ROW_STATE, outer.carried);
  const [pastLengths, generated, logProbabilities, ...ended] = outer.carried.slice(ROW);
  const each = ops.reshape(ops.range(graph, batch), [groups, 'rows']);
  const next = {
    ...row,
    tokens: ops.reshape(token, [groups, 'rows']),
    laneRows: ops.unsqueeze(each, [2]),
    places: each,
    inputLengths: ops.full(graph, 1, 'int64', [batch]),
    pastLengths: ops.known(pastLengths),
    laneOf: each,
    rowOf: each,
  };
  rolloutOutputs(graph, next, ops.known(generated), ops.known(logProbabilities), ended);
  return graph;
}

const ROW = ROW_STATE.length;

function sharedValues(
  graph: Graph,
  base: CudaBase,
  { adapters, maximumPositions }: Omit<RolloutOptions, 'rows'>,
): Shared {
  const { architecture } = base;
  const inputs = rolloutInputs(graph, architecture, adapters, 'float16');
  const plain = cudaWeights(base, cudaTensors(graph, architecture));
  const groups = adapters?.groups ?? 1;
  const vector = inputs.parameters === undefined ? undefined : ops.cast(inputs.parameters, 'float16');
  return {
    ...inputs,
    tablesOf: layerTables(graph, architecture, maximumPositions, 'float16'),
    architecture,
    plain,
    weightsFor: (rowsPerGroup) =>
      adapters === undefined || vector === undefined
        ? plain
        : rolloutAdapters(plain, adapters.layout, vector, rowsPerGroup),
    groups,
    lanes: multiplyDimensions(groups, 'lanes'),
    laneOf: Graph.detach(ops.reshape(inputs.state.laneOf, [multiplyDimensions(groups, 'going')]), [
      inputs.batch,
    ]),
    shapeOf: (places) => cacheShape(architecture, inputs.batch, places),
  };
}

/** Logits of the last real token of each row, fp32 [batch, vocabulary]. */
function logitsOf({ plain, inverseTemperature }: Shared, rows: Value): Value {
  const wide = ops.cast(rows, 'float32');
  const normed = plainNorm(wide, plain.norm('norm'), plain.architecture.norm.epsilon);
  const logits = plain.linear('output', ops.cast(normed, 'float16'));
  const capped = softCapped(ops.cast(logits, 'float32'), plain.architecture.softCaps.logits);
  return ops.multiply(capped.value, inverseTemperature);
}

/** The draw of {@link nextToken} with a row's state captured, so that it stays in this body. */
function nextInBody(
  body: Graph,
  row: RowState,
  logits: Value,
  pick: Value,
  shared: Shared,
): ReturnType<typeof nextToken> {
  const captured = byName(
    ROW_STATE,
    ROW_STATE.map((name) => body.capture(row[name])),
  );
  return nextToken(captured, logits, pick, shared.architecture.padToken, shared, ops.log);
}

/** @param tokens int64 [G, L, promptTime], each lane's last token beyond its end */
function promptPass(
  body: Graph,
  tokens: Value,
  shared: Shared,
): { readonly logits: Value; readonly caches: readonly LayerCache[] } {
  const { architecture, lanes, laneOf, state } = shared;
  const weights = shared.weightsFor(multiplyDimensions('lanes', 'promptTime'));
  const places = multiplyDimensions(lanes, 'promptTime');
  const context = {
    ...shared,
    batch: lanes,
    time: 'promptTime',
    lastPlaces: ops.cast(ops.subtract(body.capture(state.inputLengths), 1), 'int32'),
    places: ops.cast(ops.squeeze(body.dimension('startPrefix+promptTime'), [0]), 'int32'),
    capacity: 'startPrefix+promptTime',
  };
  const caches: LayerCache[] = [];
  const first = embedded(weights, ops.reshape(body.capture(tokens), [places]));
  const attend = (layer: number) => (mixed: Value) => {
    const past = ops.known(shared.caches[layer], `cache of layer ${layer}`);
    const tables = shared.tablesOf(layer);
    const { attended, cache } = fusedAttention(architecture, mixed, past, { ...context, tables });
    const ofRows = (values: Value): Value => ops.gather(values, laneOf);
    caches.push({ keys: ofRows(cache.keys), values: ofRows(cache.values) });
    return attended;
  };
  const stream = streamEnd(decoderLayers(weights, first, attend, fusedNorm));
  const last = ops.subtract(ops.gather(body.capture(state.inputLengths), laneOf), 1);
  const read = ops.add(ops.multiply(laneOf, body.dimension('promptTime')), last);
  return { logits: logitsOf(shared, ops.gather(stream, read)), caches };
}

interface Chunk {
  readonly row: RowState;
  readonly pastLengths: Value;
  readonly prefix: readonly LayerCache[];
  /** index of the first step in `uniforms`, int64 scalar */
  readonly first: Value;
  readonly count: Value;
}

/** Decodes `count` tokens of every row. @returns the rows, the caches with the new places, what was drawn [batch, made] */
function decodeChunk(
  chunk: Graph,
  shared: Shared,
  attention: DecodeAttention,
  { row, pastLengths, prefix, first, count }: Chunk,
): {
  readonly row: RowState;
  readonly caches: readonly LayerCache[];
  readonly tokens: Value;
  readonly logProbabilities: Value;
} {
  const { architecture, batch, shapeOf } = shared;
  const fused = attention === 'fused';
  const room = ops.full(chunk.root(), 0, 'float16', shapeOf(fused ? CUDA_CHUNK_STEPS : 0));
  const started = fused
    ? prefix.map(({ keys, values }) => ({
        keys: ops.concat([keys, room], 2),
        values: ops.concat([values, room], 2),
      }))
    : prefix.map(() => ({ keys: room, values: room }));
  const mask = fused ? undefined : prefixMask(chunk, pastLengths, 'prefix');
  const before = ops.squeeze(chunk.dimension('prefix'), [0]);
  const inner = ops.loop(chunk, 'steps', {
    count,
    steps: 'made',
    carried: [
      ...ROW_STATE.map((name) => ({ initial: row[name] })),
      { initial: pastLengths },
      { initial: first },
      ...flatten(started).map((initial) => ({ initial, shape: shapeOf('places') })),
    ],
    body: (body, step, now) => {
      const state = byName(ROW_STATE, now);
      const [position, index] = now.slice(ROW, ROW + 2).map((value) => ops.known(value));
      const caches = unflatten(now.slice(ROW + 2));
      const weights = shared.weightsFor('rows');
      const grown: LayerCache[] = [];
      const attend = (layer: number) => (mixed: Value) => {
        const past = ops.known(caches[layer], `cache of layer ${layer}`);
        const places = ops.known(position);
        const tables = shared.tablesOf(layer);
        const { attended, cache } =
          mask === undefined
            ? fusedAttention(architecture, mixed, past, {
                ...shared,
                tables,
                time: 1,
                lastPlaces: ops.cast(places, 'int32'),
                places: ops.cast(ops.add(ops.add(before, step), 1), 'int32'),
                capacity: 'places',
              })
            : twoPartAttention(architecture, mixed, ops.known(prefix[layer]), past, {
                ...shared,
                tables,
                positions: ops.unsqueeze(places, [1]),
                mask,
              });
        grown.push(cache);
        return attended;
      };
      const stream = streamEnd(decoderLayers(weights, embedded(weights, state.token), attend, fusedNorm));
      const pick = ops.gather(shared.uniforms, ops.known(index), 1);
      const next = nextInBody(body, state, logitsOf(shared, stream), pick, shared);
      return {
        carried: [
          ...ROW_STATE.map((name) => next.row[name]),
          ops.add(ops.known(position), 1),
          ops.add(ops.known(index), 1),
          ...flatten(grown),
        ],
        stacked: [next.row.token, next.logProbability],
      };
    },
  });
  const recent = unflatten(inner.carried.slice(ROW + 2));
  const [tokens, logProbabilities] = inner.stacked.map((value) => ops.transpose(value, [1, 0]));
  const caches = fused
    ? recent
    : appendToPrefix(
        prefix,
        recent,
        pastLengths,
        ops.expand(ops.unsqueeze(count, [0]), [batch]),
        ops.range(chunk, batch),
      ).layers;
  return {
    row: byName(ROW_STATE, inner.carried),
    caches,
    tokens: ops.known(tokens),
    logProbabilities: ops.known(logProbabilities),
  };
}

/** Results of the two ways in have other sizes, which only the engine sees: they are given one name. */
function unnamed(value: Value, index: number, { batch, shapeOf }: Shared): Value {
  if (index <= ROW) return value;
  return Graph.detach(value, index < ROW + 3 ? [batch, 'opened'] : shapeOf('openedPrefix'));
}
