/** A whole rollout for CPUs as one graph: chunks of steps, of which the first reads the prompt. */
import { chunkSteps } from '../../../../shared/planner/cpu-sampler.ts';
import { type Dimension, multiplyDimensions } from '../../../tensor/dimension.ts';
import { Graph, type Value } from '../../../tensor/graph.ts';
import * as ops from '../../../tensor/operators.ts';
import type { RolloutOptions } from '../../model/backend.ts';
import { byWindow } from '../../model/layer-attention.ts';
import { layerTables } from '../../model/rotary-tables.ts';
import { withAdapters } from '../../model/lora.ts';
import { appendToPrefix, sizeOf } from '../../model/rollout/append-to-prefix.ts';
import { flatten, type LayerCache, unflatten } from '../../model/rollout/layer-cache.ts';
import { cacheShape, rolloutInputs, rolloutOutputs, STATE } from '../../model/rollout/rollout-graph-ends.ts';
import { anyUnfinished, byName, lastRows, nextToken, ROW_STATE } from '../../model/rollout/row-state.ts';
import { type CpuBase, cpuTensors, type EightBitWeights, eightBitWeights } from './cpu-weights.ts';
import { attentionMask, decodePass, nextTokenLogits, positionsOf } from './decode-pass.ts';

/** What steps carry: they do not touch the lengths of what lies before their chunk. */
const STEP_STATE = ['tokens', 'inputLengths', 'finished', 'stopped', 'generatedLengths', 'endState'] as const;

/**
 * A rollout of `steps` tokens, or until all rows have ended. Besides {@link RolloutInputs} it takes `last`, bool: no run
 * follows, so its caches may be dropped.
 *
 * Two loops, one in the other: a step extends only the short caches of its chunk, and a chunk's end moves them behind the
 * long ones, which steps only read.
 */
export function cpuRolloutGraph(
  cpuBase: CpuBase,
  { adapters, maximumPositions }: Omit<RolloutOptions, 'rows'>,
): Graph {
  const { architecture } = cpuBase.base;
  const graph = new Graph('rollout');
  const inputs = rolloutInputs(graph, architecture, adapters, 'float32');
  const { batch, state, uniforms, firstSteps, parameters } = inputs;
  const isLast = graph.input('last', 'bool', []);
  const tables = layerTables(graph, architecture, maximumPositions);
  const group = architecture.heads / architecture.keyValueHeads;
  const steps = ops.squeeze(graph.dimension('steps'), [0]);
  const shapeOf = (places: Dimension): readonly Dimension[] => cacheShape(architecture, batch, places);
  const empty = ops.full(graph, 0, 'float32', shapeOf(0));

  const outer = ops.loop(graph, 'chunks', {
    count: steps,
    carried: [
      { initial: ops.reshape(state.tokens, [batch, 'promptTime']), shape: [batch, 'time'] },
      ...STATE.slice(1).map((name) => ({ initial: state[name] })),
      { initial: ops.full(graph, 0, 'int64', [batch, 0]), shape: [batch, 'produced'] },
      { initial: ops.full(graph, 0, 'float32', [batch, 0]), shape: [batch, 'produced'] },
      ...flatten(inputs.caches).map((initial) => ({ initial, shape: shapeOf('prefix') })),
    ],
    body: (chunk, iteration, carried) => {
      const before = byName(STATE, carried);
      const [generated, logProbabilities] = carried.slice(STATE.length);
      const prefix = unflatten(carried.slice(STATE.length + 2));
      const plain = eightBitWeights(cpuBase, cpuTensors(chunk, cpuBase), maximumPositions);
      const weightsFor = (time: Dimension): EightBitWeights =>
        adapters === undefined || parameters === undefined
          ? plain
          : {
              ...plain,
              ...withAdapters(plain, adapters.layout, parameters, multiplyDimensions('rows', time)).weights,
            };
      const start = ops.squeeze(chunk.dimension('produced'), [0]);
      const quota = ops.where(ops.equal(iteration, 0), firstSteps, chunkSteps(architecture));
      const inner = ops.loop(chunk, 'steps', {
        count: ops.minimum(quota, ops.subtract(steps, start)),
        steps: 'made',
        carried: [
          { initial: before.tokens, shape: [batch, 'width'] },
          ...STEP_STATE.slice(1).map((name) => ({ initial: before[name] })),
          ...flatten(prefix.map(() => ({ keys: empty, values: empty }))).map((initial) => ({
            initial,
            shape: shapeOf('recent'),
          })),
        ],
        body: (body, step, now) => {
          const row = byName(STEP_STATE, now);
          const recent = unflatten(now.slice(STEP_STATE.length));
          const positions = positionsOf(before.pastLengths, ops.first(flatten(recent)), row.tokens);
          const pass = decodePass(weightsFor('width'), row.tokens, {
            batch,
            time: 'width',
            positions,
            tables,
            mask: byWindow(architecture, (window) =>
              attentionMask(body, before.pastLengths, { batch, time: 'width', group, window }),
            ),
            prefix,
            recent,
          });
          const read = ops.gather(pass.stream, lastRows(body, row.inputLengths, body.dimension('width')));
          const logits = nextTokenLogits(plain, read, inputs.inverseTemperature);
          const pick = ops.gather(uniforms, ops.add(start, step), 1);
          const next = nextToken(row, logits, pick, architecture.padToken, inputs, logarithm);
          return {
            continue: anyUnfinished(next.row.finished),
            carried: [
              ops.unsqueeze(next.row.token, [1]),
              ops.full(graph, 1, 'int64', [batch]),
              ...ROW_STATE.slice(1).map((name) => next.row[name]),
              ...flatten(pass.recent),
            ],
            stacked: [next.row.token, next.logProbability],
          };
        },
      });
      const after = byName(STEP_STATE, inner.carried);
      const recent = unflatten(inner.carried.slice(STEP_STATE.length));
      const [made, madeLog] = inner.stacked.map((value) => ops.transpose(value, [1, 0]));
      // A prompt comes alone with its real length; steps bring one token each.
      const added = ops.add(
        before.inputLengths,
        ops.subtract(sizeOf(ops.first(flatten(recent)), 2), chunk.dimension('time')),
      );
      const produced = ops.concat([ops.known(generated), ops.known(made)], 1);
      const more = ops.and(
        anyUnfinished(after.finished),
        ops.less(ops.squeeze(sizeOf(produced, 1), [0]), steps),
      );
      const grown = ops.branch(
        chunk,
        'keep',
        ops.or(more, ops.not(isLast)),
        (body) => {
          const own = (layers: readonly LayerCache[]): LayerCache[] =>
            unflatten(flatten(layers).map((value) => body.capture(value)));
          const moved = appendToPrefix(own(prefix), own(recent), body.capture(before.pastLengths), added);
          return flatten(moved.layers).map((value) => Graph.detach(value, shapeOf('kept')));
        },
        (body) => flatten(prefix).map(() => Graph.detach(body.capture(empty), shapeOf('kept'))),
      );
      const now = { ...after, pastLengths: ops.add(before.pastLengths, added) };
      return {
        continue: more,
        carried: [
          ...STATE.map((name) => now[name]),
          produced,
          ops.concat([ops.known(logProbabilities), ops.known(madeLog)], 1),
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
