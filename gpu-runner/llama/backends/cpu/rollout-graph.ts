/** A whole rollout as one graph: prompt, decoding loop, drawing, stopping. */
import { chunkSteps } from '../../../../shared/planner/cpu-sampler.ts';
import type { RotaryTables } from '../../../tensor/composites.ts';
import { type Dimension, multiplyDimensions } from '../../../tensor/dimension.ts';
import { GraphError } from '../../../tensor/errors.ts';
import { Graph, type Value } from '../../../tensor/graph.ts';
import * as ops from '../../../tensor/operators.ts';
import { fill as filled } from '../../../tensor/operators.ts';
import type { Architecture } from '../../model/architecture.ts';
import type { BaseFile } from '../../weights/base-file.ts';
import { eightBitWeights, type ProductForm } from './eight-bit-linear.ts';
import { rotaryTables } from '../../model/rotary-tables.ts';
import type { AdapterLayout } from '../../model/lora-layout.ts';
import { withAdapters } from '../../model/lora.ts';
import { FrozenTensors, type GraphWeights } from '../../model/graph-weights.ts';
import { decodeStep, type LayerCache, nextTokenLogits } from './decode-step.ts';
import { drawToken, type DrawOptions } from '../../model/rollout/draw-token.ts';
import { appendToPrefix, attentionMask, positionsOf, sizeOf } from '../../model/rollout/prefix.ts';

/** What a rollout graph is built for; prompts, limits and sampling options are inputs. */
export interface RolloutGraphOptions {
  readonly base: BaseFile;
  readonly form: ProductForm;
  /** adapters of this layout, one per group of rows; none means the base itself */
  readonly adapters?: { readonly layout: AdapterLayout; readonly groups: number };
  /** longest prompt plus response */
  readonly maximumPositions: number;
}

/** Rows while they are decoded, besides their caches: the inputs of a run, and with `.next` its outputs. */
export const STATE = ['tokens', 'real', 'length', 'finished', 'stopped', 'drawn', 'window'] as const;

/**
 * A rollout of `steps` tokens, or until all rows have ended. With R rows in each of G groups, batch = G R:
 *
 * - `tokens` int64 [G, R, time], padded on the right, of which `real` [batch] count: the prompts at the start.
 * - the state of an earlier part of the rollout: `length` int64 [batch] (tokens in the caches), `finished` bool [batch],
 *   `stopped` bool [batch] (finished by a stop sequence), `drawn` int64 [batch] (tokens so far), `window` int64
 *   [batch, W] (the last of them), `keys.l`, `values.l` fp32 [batch, keyValueHeads, prefix, headSize]. At the start length,
 *   drawn and prefix are 0.
 * - `uniforms` fp32 [batch, steps]; `limits` int64 [batch]: tokens that each row may get in all; `firstSteps` int64:
 *   1 when a prompt comes first, `chunkSteps` otherwise; `last` bool: no run follows, so its caches may be dropped.
 * - `stops` int64 [stops, W]: sequences that end a row, -1 on their left; the fields of {@link DrawOptions}.
 * - `parameters` fp32 [G, P] with adapters.
 *
 * Outputs: `generated` int64 [batch, produced], `logProbabilities` fp32 [batch, produced], and the state with `.next`.
 */
export function rolloutGraph(options: RolloutGraphOptions): Graph {
  const { base, adapters } = options;
  const { architecture } = base;
  const graph = new Graph('rollout');
  const groups = adapters?.groups ?? 1;
  const batch = multiplyDimensions(groups, 'rows');
  const parameters =
    adapters === undefined
      ? undefined
      : graph.input('parameters', 'float32', [groups, adapters.layout.length]);
  const prompts = graph.input('tokens', 'int64', [groups, 'rows', 'promptTime']);
  const state = [
    { initial: ops.reshape(prompts, [batch, 'promptTime']), shape: [batch, 'time'] },
    { initial: graph.input('real', 'int64', [batch]) },
    { initial: graph.input('length', 'int64', [batch]) },
    { initial: graph.input('finished', 'bool', [batch]) },
    { initial: graph.input('stopped', 'bool', [batch]) },
    { initial: graph.input('drawn', 'int64', [batch]) },
    { initial: graph.input('window', 'int64', [batch, 'window']) },
  ];
  const cacheShape = (tokens: Dimension): Dimension[] => [
    batch,
    architecture.keyValueHeads,
    tokens,
    architecture.headSize,
  ];
  const caches = Array.from({ length: architecture.layers }, (_, layer) => ({
    keys: graph.input(`keys.${layer}`, 'float32', cacheShape('startPrefix')),
    values: graph.input(`values.${layer}`, 'float32', cacheShape('startPrefix')),
  }));
  const uniforms = graph.input('uniforms', 'float32', [batch, 'steps']);
  const limits = graph.input('limits', 'int64', [batch]);
  const firstSteps = graph.input('firstSteps', 'int64', []);
  const isLast = graph.input('last', 'bool', []);
  const stops = graph.input('stops', 'int64', ['stops', 'window']);
  const draw = drawInputs(graph, architecture);
  const inverseTemperature = graph.input('inverseTemperature', 'float32', []);
  const angles = angleTables(graph, architecture, options.maximumPositions);
  const group = architecture.heads / architecture.keyValueHeads;
  const steps = ops.squeeze(graph.dimension('steps'), [0]);
  const empty = filled(graph, 0, 'float32', cacheShape(0));
  const none = { keys: empty, values: empty };

  const outer = ops.loop(graph, 'chunks', {
    count: steps,
    carried: [
      ...state,
      { initial: filled(graph, 0, 'int64', [batch, 0]), shape: [batch, 'produced'] },
      { initial: filled(graph, 0, 'float32', [batch, 0]), shape: [batch, 'produced'] },
      ...flatten(caches).map((initial) => ({ initial, shape: cacheShape('prefix') })),
    ],
    body: (chunk, iteration, carried) => {
      const [tokens, real, length, finished, stopped, drawn, window, generated, logProbabilities] =
        carried.map(known);
      const prefix = unflatten(carried.slice(STATE.length + 2));
      const plain = eightBitWeights(architecture, new FrozenTensors(chunk, base), options.form);
      const weightsFor = (time: Dimension): GraphWeights =>
        adapters === undefined || parameters === undefined
          ? plain
          : withAdapters(plain, adapters.layout, parameters, multiplyDimensions('rows', time)).weights;
      const start = ops.squeeze(chunk.dimension('produced'), [0]);
      const quota = ops.where(ops.equal(iteration, 0), firstSteps, chunkSteps(architecture));
      const inner = ops.loop(chunk, 'steps', {
        count: ops.minimum(quota, ops.subtract(steps, start)),
        steps: 'made',
        carried: [
          { initial: known(tokens), shape: [batch, 'width'] },
          { initial: known(real) },
          { initial: known(finished) },
          { initial: known(stopped) },
          { initial: known(drawn) },
          { initial: known(window) },
          ...flatten(prefix.map(() => none)).map((initial) => ({ initial, shape: cacheShape('recent') })),
        ],
        body: (body, step, now) => {
          const [read, count, done, byStop, soFar, last] = now.map(known);
          const recent = unflatten(now.slice(6));
          const positions = positionsOf(known(length), known(recent[0]).keys, known(read));
          const pass = decodeStep(weightsFor('width'), known(read), {
            batch,
            time: 'width',
            angles: { ...angles, positions },
            mask: attentionMask(body, known(length), batch, 'width', group),
            prefix,
            recent,
          });
          const firstRows = ops.multiply(ops.range(body, batch), body.dimension('width'));
          const lastRows = ops.subtract(ops.add(firstRows, known(count)), 1);
          const logits = nextTokenLogits(plain, ops.gather(pass.stream, lastRows), inverseTemperature);
          const pick = ops.gather(uniforms, ops.add(start, step), 1);
          const result = drawToken(logits, pick, draw);
          // `Log` takes 16 rows at once and the rest by another routine: a last bit would hang on the number of rows.
          const logProbability = ops.reduceLogSum(ops.unsqueeze(result.probability, [1]), { axes: [1] });
          const token = ops.where(known(done), architecture.padToken, result.token);
          const seen = ops.concat(
            [ops.slice(known(last), [{ axis: 1, start: 1 }]), ops.unsqueeze(token, [1])],
            1,
          );
          const active = ops.not(known(done));
          const total = ops.add(known(soFar), ops.cast(active, 'int64'));
          const endsNow = ops.and(active, endsWithAny(seen, stops));
          const doneNow = ops.or(ops.or(known(done), endsNow), ops.greaterOrEqual(total, limits));
          return {
            continue: anyFalse(doneNow),
            carried: [
              ops.unsqueeze(token, [1]),
              filled(graph, 1, 'int64', [batch]),
              doneNow,
              ops.or(known(byStop), endsNow),
              total,
              Graph.detach(seen, [batch, 'window']),
              ...flatten(pass.recent),
            ],
            stacked: [token, ops.where(known(done), 0, logProbability)],
          };
        },
      });
      const [next, one, done, byStop, total, latest] = inner.carried.map(known);
      const recent = unflatten(inner.carried.slice(6));
      const [made, madeLog] = inner.stacked.map((value) => ops.transpose(value, [1, 0]));
      // A prompt comes alone with its real length; steps bring one token each.
      const added = ops.add(
        known(real),
        ops.subtract(sizeOf(known(recent[0]).keys, 2), chunk.dimension('time')),
      );
      const produced = ops.concat([known(generated), known(made)], 1);
      const more = ops.and(anyFalse(known(done)), ops.less(ops.squeeze(sizeOf(produced, 1), [0]), steps));
      const grown = ops.branch(
        chunk,
        'keep',
        ops.or(more, ops.not(isLast)),
        (body) => {
          const own = (layers: readonly LayerCache[]): LayerCache[] =>
            unflatten(flatten(layers).map((value) => body.capture(value)));
          const moved = appendToPrefix(own(prefix), own(recent), body.capture(known(length)), added);
          return flatten(moved.layers).map((value) => Graph.detach(value, cacheShape('kept')));
        },
        (body) => flatten(prefix).map(() => Graph.detach(body.capture(empty), cacheShape('kept'))),
      );
      return {
        continue: more,
        carried: [
          known(next),
          known(one),
          ops.add(known(length), added),
          known(done),
          known(byStop),
          known(total),
          known(latest),
          produced,
          ops.concat([known(logProbabilities), known(madeLog)], 1),
          ...grown,
        ],
      };
    },
  });
  STATE.forEach((name, index) => graph.output(`${name}.next`, known(outer.carried[index])));
  graph.output('generated', known(outer.carried[STATE.length]));
  graph.output('logProbabilities', known(outer.carried[STATE.length + 1]));
  unflatten(outer.carried.slice(STATE.length + 2)).forEach(({ keys, values }, layer) => {
    graph.output(`keys.${layer}.next`, keys);
    graph.output(`values.${layer}.next`, values);
  });
  return graph;
}

/** What a draw asks the host. */
export function drawInputs(graph: Graph, { vocabularySize }: Architecture): DrawOptions {
  return {
    restricted: graph.input('restricted', 'bool', []),
    banned: graph.input('banned', 'float32', [vocabularySize]),
    topK: graph.input('topK', 'int64', [1]),
    topP: graph.input('topP', 'float32', []),
  };
}

function angleTables(
  graph: Graph,
  architecture: Architecture,
  positions: number,
): Omit<RotaryTables, 'positions'> {
  const { cosine, sine } = rotaryTables(architecture, positions);
  const shape = [positions, architecture.headSize / 2];
  return {
    cosine: graph.constant('float32', cosine, shape),
    sine: graph.constant('float32', sine, shape),
    interleaved: architecture.rope.layout === 'interleaved',
  };
}

/** Whether rows end with one of the sequences: [batch, W], [stops, W] with -1 for "anything" -> bool [batch]. */
export function endsWithAny(window: Value, stops: Value): Value {
  const fits = ops.or(
    ops.equal(
      Graph.detach(ops.unsqueeze(window, [1]), [window.shape[0] ?? 1, 1, 'window']),
      ops.unsqueeze(stops, [0]),
    ),
    ops.unsqueeze(ops.equal(stops, -1), [0]),
  );
  const whole = ops.reduceMin(ops.cast(fits, 'int32'), { axes: [2] });
  return ops.equal(ops.reduceMax(whole, { axes: [1] }), 1);
}

function anyFalse(flags: Value): Value {
  return ops.equal(ops.reduceMin(ops.cast(flags, 'int32')), 0);
}

function flatten(layers: readonly LayerCache[]): Value[] {
  return layers.flatMap(({ keys, values }) => [keys, values]);
}

function unflatten(values: readonly Value[]): LayerCache[] {
  return Array.from({ length: values.length / 2 }, (_, layer) => ({
    keys: known(values[2 * layer]),
    values: known(values[2 * layer + 1]),
  }));
}

function known<Thing>(value: Thing | undefined): Thing {
  if (value === undefined) throw new GraphError('The rollout graph lost a value');
  return value;
}
