/** A whole rollout for CPUs as one graph: chunks of steps, of which the first reads the prompts. */
import { chunkSteps } from '../../../../shared/planner/cpu-sampler.ts';
import { type Dimension, multiplyDimensions } from '../../../tensor/dimension.ts';
import { Graph, type Value } from '../../../tensor/graph.ts';
import * as ops from '../../../tensor/operators.ts';
import type { RolloutOptions } from '../../model/backend.ts';
import { byWindow } from '../../model/layer-attention.ts';
import { layerTables } from '../../model/rotary-tables.ts';
import { withAdapters } from '../../model/lora.ts';
import { appendToPrefix, sizeOf } from '../../model/rollout/append-to-prefix.ts';
import { rowsOf, unfinishedPlaces, writeRows } from '../../model/rollout/going-rows.ts';
import { flatten, type LayerCache, unflatten } from '../../model/rollout/layer-cache.ts';
import { cacheShape, rolloutInputs, rolloutOutputs, STATE } from '../../model/rollout/rollout-graph-ends.ts';
import { anyUnfinished, byName, nextToken, ROW } from '../../model/rollout/row-state.ts';
import { type CpuBase, cpuTensors, type EightBitWeights, eightBitWeights } from './cpu-weights.ts';
import { attentionMask, decodePass, nextTokenLogits, positionsOf } from './decode-pass.ts';

/**
 * A rollout of `steps` tokens, or until all rows have ended. Besides {@link RolloutInputs} it takes `last`, bool: no run
 * follows, so its caches may be dropped.
 *
 * Two loops, one in the other: a step extends only the short caches of its chunk, and a chunk's end moves them behind the
 * long ones, which steps only read. There every row that has not ended gets a lane, and what has ended costs no more.
 */
export function cpuRolloutGraph(
  cpuBase: CpuBase,
  { adapters, maximumPositions }: Omit<RolloutOptions, 'rows'>,
): Graph {
  const { architecture } = cpuBase.base;
  const graph = new Graph('rollout');
  const inputs = rolloutInputs(graph, architecture, adapters, 'float32');
  const { batch, state, firstSteps, parameters } = inputs;
  const isLast = graph.input('last', 'bool', []);
  const tables = layerTables(graph, architecture, maximumPositions);
  const group = architecture.heads / architecture.keyValueHeads;
  const steps = ops.squeeze(graph.dimension('steps'), [0]);
  const groups = adapters?.groups ?? 1;
  // Of a chunk: other names than the run's, whose sizes differ.
  const lanes = multiplyDimensions(groups, 'chunkLanes');
  const going = multiplyDimensions(groups, 'chunkGoing');
  const length = multiplyDimensions(groups, 'chunkLength');
  const shapeOf = (places: Dimension): readonly Dimension[] => cacheShape(architecture, lanes, places);
  const keptShape = cacheShape(architecture, multiplyDimensions(groups, 'kept'), 'grown');

  const outer = ops.loop(graph, 'chunks', {
    count: steps,
    carried: [
      { initial: state.tokens, shape: [groups, 'chunkLength'] },
      { initial: state.laneRows, shape: [groups, 'chunkLanes', 'time'] },
      { initial: state.places, shape: [groups, 'chunkLength'] },
      { initial: state.inputLengths, shape: [lanes] },
      { initial: state.pastLengths, shape: [lanes] },
      { initial: state.laneOf, shape: [groups, 'chunkGoing'] },
      { initial: state.rowOf, shape: [groups, 'chunkGoing'] },
      ...ROW.map((name) => ({ initial: state[name] })),
      { initial: ops.full(graph, 0, 'int64', [batch, 0]), shape: [batch, 'produced'] },
      { initial: ops.full(graph, 0, 'float32', [batch, 0]), shape: [batch, 'produced'] },
      ...flatten(inputs.caches).map((initial) => ({ initial, shape: shapeOf('prefix') })),
    ],
    body: (chunk, iteration, carried) => {
      const before = byName(STATE, carried);
      const [generated, logProbabilities] = carried.slice(STATE.length);
      const prefix = unflatten(carried.slice(STATE.length + 2));
      const laneOf = ops.reshape(before.laneOf, [going]);
      const rowOf = ops.reshape(before.rowOf, [going]);
      const uniforms = ops.gather(inputs.uniforms, rowOf);
      const row = { ...inputs, limits: ops.gather(inputs.limits, rowOf) };
      const plain = eightBitWeights(cpuBase, cpuTensors(chunk, cpuBase), maximumPositions);
      const laneRows = ops.reshape(before.laneRows, [lanes, 'time']);
      const places = ops.reshape(before.places, [length]);
      const lastOfLanes = ops.reshape(ops.slice(laneRows, [{ axis: 1, start: -1 }]), [lanes]);
      const lastRows = ops.gather(lastOfLanes, laneOf);
      const weights: EightBitWeights =
        adapters === undefined || parameters === undefined
          ? plain
          : { ...plain, ...withAdapters(plain, adapters.layout, parameters, 'chunkLength').weights };
      const start = ops.squeeze(chunk.dimension('produced'), [0]);
      const quota = ops.where(ops.equal(iteration, 0), firstSteps, chunkSteps(architecture));
      const empty = ops.full(chunk, 0, 'float32', shapeOf(0));
      const inner = ops.loop(chunk, 'steps', {
        count: ops.minimum(quota, ops.subtract(steps, start)),
        steps: 'made',
        carried: [
          { initial: before.tokens, shape: [groups, 'chunkLength'] },
          ...ROW.map((name) => ({ initial: ops.gather(before[name], rowOf) })),
          ...flatten(prefix.map(() => ({ keys: empty, values: empty }))).map((initial) => ({
            initial,
            shape: shapeOf('recent'),
          })),
        ],
        body: (body, step, now) => {
          const recent = unflatten(now.slice(1 + ROW.length));
          const pass = decodePass(weights, ops.reshape(ops.known(now[0]), [length]), {
            batch: lanes,
            time: 'time',
            laneRows,
            places,
            positions: positionsOf(before.pastLengths, ops.first(flatten(recent)), laneRows),
            tables,
            mask: byWindow(architecture, (window) =>
              attentionMask(body, before.pastLengths, { batch: lanes, time: 'time', group, window }),
            ),
            prefix,
            recent,
          });
          const last = ops.gather(pass.stream, lastRows);
          const logits = nextTokenLogits(plain, last, inputs.inverseTemperature);
          const pick = ops.gather(uniforms, ops.add(start, step), 1);
          const own = byName(ROW, now.slice(1));
          const next = nextToken(own, logits, pick, architecture.padToken, row, logarithm);
          return {
            continue: anyUnfinished(next.row.finished),
            carried: [
              ops.reshape(next.row.token, [groups, 'chunkGoing']),
              ...ROW.map((name) => next.row[name]),
              ...flatten(pass.recent),
            ],
            stacked: [next.row.token, next.logProbability],
          };
        },
      });
      const after = byName(ROW, inner.carried.slice(1));
      const recent = unflatten(inner.carried.slice(1 + ROW.length));
      const [tokens, logs] = inner.stacked.map((value) => ops.transpose(value, [1, 0]));
      const allOf = (values: Value, filler: number): Value =>
        writeRows(rowsOf(filler, batch, values), rowOf, values);
      const made = allOf(ops.known(tokens), architecture.padToken);
      const produced = ops.concat([ops.known(generated), made], 1);
      const more = ops.and(
        anyUnfinished(after.finished),
        ops.less(ops.squeeze(sizeOf(produced, 1), [0]), steps),
      );
      // A prompt comes alone with its real length; steps bring one token each.
      const added = ops.add(
        before.inputLengths,
        ops.subtract(sizeOf(ops.first(flatten(recent)), 2), chunk.dimension('time')),
      );
      const kept = unfinishedPlaces(after.finished, groups, 'chunkGoing');
      const source = ops.gather(laneOf, kept);
      const grown = ops.branch(
        chunk,
        'keep',
        ops.or(more, ops.not(isLast)),
        (body) => {
          const own = (layers: readonly LayerCache[]): LayerCache[] =>
            unflatten(flatten(layers).map((value) => body.capture(value)));
          const moved = appendToPrefix(
            own(prefix),
            own(recent),
            body.capture(before.pastLengths),
            added,
            source,
          );
          return flatten(moved.layers).map((value) => Graph.detach(value, keptShape));
        },
        (body) => flatten(prefix).map(() => Graph.detach(body.capture(empty), keptShape)),
      );
      const ofKept = (values: Value): Value => ops.reshape(ops.gather(values, kept), [groups, 'kept']);
      const drawn = Graph.detach(ops.reshape(ops.known(inner.carried[0]), [length]), [going]);
      const count = sizeOf(kept, 0);
      const range = [chunk.scalar(0, 'int64'), ops.squeeze(count, [0]), chunk.scalar(1, 'int64')];
      // One token a lane, and one lane a row.
      const each = ops.reshape(ops.emitOne('Range', range, source), [groups, 'kept']);
      const now = {
        ...byName(
          ROW,
          ROW.map((name) => writeRows(before[name], rowOf, after[name])),
        ),
        tokens: ofKept(drawn),
        laneRows: ops.unsqueeze(each, [2]),
        places: each,
        laneOf: each,
        rowOf: ofKept(rowOf),
        inputLengths: ops.emitOne('Expand', [chunk.scalar(1, 'int64'), count], source),
        pastLengths: ops.gather(ops.add(before.pastLengths, added), source),
      };
      return {
        continue: more,
        carried: [
          ...STATE.map((name) => now[name]),
          produced,
          ops.concat([ops.known(logProbabilities), allOf(ops.known(logs), 0)], 1),
          ...grown,
        ],
      };
    },
  });
  const [generated, logProbabilities, ...caches] = outer.carried.slice(STATE.length);
  rolloutOutputs(
    graph,
    byName(STATE, outer.carried),
    ops.known(generated),
    ops.known(logProbabilities),
    caches,
  );
  return graph;
}

/** `Log` takes 16 rows at once and the rest by another routine: a last bit would hang on the number of rows. */
function logarithm(probability: Value): Value {
  return ops.reduceLogSum(ops.unsqueeze(probability, [1]), { axes: [1] });
}
