/** A whole rollout for CUDA as one graph: the prompt in one pass, then chunks of decoding steps that nothing waits for. */
import { type Dimension, multiplyDimensions } from '../../../tensor/dimension.ts';
import { GraphError } from '../../../tensor/errors.ts';
import { Graph, type Value } from '../../../tensor/graph.ts';
import * as ops from '../../../tensor/operators.ts';
import { fill as filled } from '../../../tensor/operators.ts';
import type { Architecture } from '../../model/architecture.ts';
import { rotaryTables } from '../../model/rotary-tables.ts';
import type { AdapterLayout } from '../../model/lora-layout.ts';
import type { GraphWeights } from '../../model/graph-weights.ts';
import type { DrawOptions } from '../../model/rollout/draw-token.ts';
import { drawInputs, STATE } from '../cpu/rollout-graph.ts';
import { appendToPrefix } from '../../model/rollout/prefix.ts';
import { rolloutAdapters } from './adapters.ts';
import { type CudaCache, fusedAttention, prefixMask, twoPartAttention } from './attention.ts';
import { CudaTensors, cudaWeights } from './cuda-weights.ts';
import { cudaLayer, fusedNorm, plainNorm, type Stream, streamEnd } from './layer.ts';
import { nextState, rowState } from '../../model/rollout/row-state.ts';

/** Decoding steps between two looks at whether all rows have ended. */
export const CUDA_CHUNK_STEPS = 32;

/**
 * How a decoding step attends. `fused`: GroupQueryAttention, few launches, but it copies the whole past each step.
 * `two-part`: the past before the chunk is only read, at the price of ten launches more a layer.
 */
export type DecodeAttention = 'fused' | 'two-part';

interface CudaRolloutOptions {
  readonly architecture: Architecture;
  readonly adapters?: { readonly layout: AdapterLayout; readonly groups: number };
  /** longest prompt plus response */
  readonly maximumPositions: number;
  readonly attention: DecodeAttention;
}

/** What is the same for all passes of one graph. */
interface Shared {
  readonly architecture: Architecture;
  readonly batch: Dimension;
  readonly cosine: Value;
  readonly sine: Value;
  readonly interleaved: boolean;
  readonly weightsFor: (time: Dimension) => GraphWeights;
  readonly plain: GraphWeights;
  readonly uniforms: Value;
  readonly limits: Value;
  readonly stops: Value;
  readonly draw: DrawOptions;
  readonly inverseTemperature: Value;
}

/**
 * The inputs and outputs of the CPU's rollout graph ({@link STATE}), with caches in fp16. `firstSteps` is 1 when a prompt
 * comes first, {@link CUDA_CHUNK_STEPS} otherwise.
 *
 * A chunk runs to its end even when all rows have ended in it: the loop then has no condition, which would be one copy to
 * the host and one wait a token. The vocabulary's draw works in fp32; keys, values and all products are fp16.
 */
export function cudaRolloutGraph(options: CudaRolloutOptions): Graph {
  const { architecture, adapters } = options;
  const graph = new Graph('cuda-rollout');
  const groups = adapters?.groups ?? 1;
  const batch = multiplyDimensions(groups, 'rows');
  const tokens = graph.input('tokens', 'int64', [groups, 'rows', 'promptTime']);
  const start = rowState(graph, tokens, batch);
  const length = graph.input('length', 'int64', [batch]);
  const cacheShape = (places: Dimension): Dimension[] => [
    batch,
    architecture.keyValueHeads,
    places,
    architecture.headSize,
  ];
  const caches = Array.from({ length: architecture.layers }, (_, layer) => ({
    keys: graph.input(`keys.${layer}`, 'float16', cacheShape('startPrefix')),
    values: graph.input(`values.${layer}`, 'float16', cacheShape('startPrefix')),
  }));
  const shared = sharedValues(graph, options, batch);
  const firstSteps = graph.input('firstSteps', 'int64', []);
  const hasPrompt = ops.equal(firstSteps, 1);
  const steps = ops.squeeze(graph.dimension('steps'), [0]);

  const opened = ops.branch(
    graph,
    'prompt',
    hasPrompt,
    (body) => {
      const pass = promptPass(body, shared, tokens, start.real, caches);
      const next = nextState(
        body,
        start.row,
        pass.logits,
        ops.gather(shared.uniforms, body.scalar(0, 'int64'), 1),
        shared,
      );
      return [
        ...next.row,
        ops.add(length, body.capture(start.real)),
        ops.unsqueeze(next.token, [1]),
        ops.unsqueeze(next.logProbability, [1]),
        ...flatten(pass.caches),
      ].map((value, index) => unnamed(value, index, cacheShape, batch));
    },
    (body) =>
      [
        ...start.row,
        length,
        ops.fill(body, 0, 'int64', [batch, 0]),
        ops.fill(body, 0, 'float32', [batch, 0]),
        ...flatten(caches),
      ].map((value, index) =>
        unnamed(ops.emitOne('Identity', [body.capture(value)], value), index, cacheShape, batch),
      ),
  );
  const taken = ops.where(hasPrompt, graph.scalar(1, 'int64'), 0);
  const left = ops.subtract(steps, taken);
  const chunks = ops.divide(ops.add(left, CUDA_CHUNK_STEPS - 1), CUDA_CHUNK_STEPS);
  const outer = ops.loop(graph, 'chunks', {
    count: chunks,
    carried: [
      ...opened.slice(0, ROW).map((initial) => ({ initial })),
      { initial: known(opened[ROW]) },
      { initial: known(opened[ROW + 1]), shape: [batch, 'produced'] },
      { initial: known(opened[ROW + 2]), shape: [batch, 'produced'] },
      ...opened.slice(ROW + 3).map((initial) => ({ initial, shape: cacheShape('prefix') })),
    ],
    body: (chunk, _iteration, carried) => {
      const row = carried.slice(0, ROW);
      const [lengths, generated, logProbabilities] = carried.slice(ROW, ROW + 3).map(known);
      const prefix = unflatten(carried.slice(ROW + 3));
      const done = ops.squeeze(chunk.dimension('produced'), [0]);
      const count = ops.minimum(ops.subtract(steps, done), CUDA_CHUNK_STEPS);
      const decoded = decodeChunk(chunk, shared, options.attention, {
        row,
        length: known(lengths),
        prefix,
        first: done,
        count,
        cacheShape,
      });
      return {
        continue: ops.equal(ops.reduceMin(ops.cast(known(decoded.row[FINISHED]), 'int32')), 0),
        carried: [
          ...decoded.row,
          ops.add(known(lengths), count),
          ops.concat([known(generated), decoded.tokens], 1),
          ops.concat([known(logProbabilities), decoded.logProbabilities], 1),
          ...flatten(decoded.caches),
        ],
      };
    },
  });
  const [token, ...rest] = outer.carried.slice(0, ROW).map(known);
  graph.output('tokens.next', ops.unsqueeze(known(token), [1]));
  graph.output('real.next', filled(graph, 1, 'int64', [batch]));
  graph.output('length.next', known(outer.carried[ROW]));
  STATE.slice(3).forEach((name, index) => graph.output(`${name}.next`, known(rest[index])));
  graph.output('generated', known(outer.carried[ROW + 1]));
  graph.output('logProbabilities', known(outer.carried[ROW + 2]));
  unflatten(outer.carried.slice(ROW + 3)).forEach(({ keys, values }, layer) => {
    graph.output(`keys.${layer}.next`, keys);
    graph.output(`values.${layer}.next`, values);
  });
  return graph;
}

/** Values of a row's state: the token to read, finished, stopped, drawn, window. */
const ROW = 5;
const FINISHED = 1;

function sharedValues(
  graph: Graph,
  { architecture, adapters, maximumPositions }: CudaRolloutOptions,
  batch: Dimension,
): Shared {
  const plain = cudaWeights(new CudaTensors(graph, architecture));
  const vector =
    adapters === undefined
      ? undefined
      : ops.cast(graph.input('parameters', 'float32', [adapters.groups, adapters.layout.length]), 'float16');
  const { cosine, sine } = rotaryTables(architecture, maximumPositions);
  const table = (data: Float32Array): Value =>
    graph.constant('float16', [...data], [maximumPositions, architecture.headSize / 2]);
  return {
    architecture,
    batch,
    cosine: table(cosine),
    sine: table(sine),
    interleaved: architecture.rope.layout === 'interleaved',
    plain,
    weightsFor: (time) =>
      adapters === undefined || vector === undefined
        ? plain
        : rolloutAdapters(plain, adapters.layout, vector, multiplyDimensions('rows', time)),
    uniforms: graph.input('uniforms', 'float32', [batch, 'steps']),
    limits: graph.input('limits', 'int64', [batch]),
    stops: graph.input('stops', 'int64', ['stops', 'window']),
    draw: drawInputs(graph, architecture),
    inverseTemperature: graph.input('inverseTemperature', 'float32', []),
  };
}

/** Logits of the last real token of each row, fp32 [batch, vocabulary]. */
function logitsOf({ plain, inverseTemperature }: Shared, rows: Value): Value {
  const wide = ops.cast(rows, 'float32');
  const normed = plainNorm(wide, plain.norm('norm'), plain.architecture.norm.epsilon);
  const logits = plain.linear('output', ops.cast(normed, 'float16'));
  return ops.multiply(ops.cast(logits, 'float32'), inverseTemperature);
}

function promptPass(
  body: Graph,
  shared: Shared,
  tokens: Value,
  real: Value,
  past: readonly CudaCache[],
): { readonly logits: Value; readonly caches: readonly CudaCache[] } {
  const { architecture, batch } = shared;
  const rows = multiplyDimensions(batch, 'promptTime');
  const weights = shared.weightsFor('promptTime');
  const context = {
    ...shared,
    time: 'promptTime',
    lastPlaces: ops.cast(ops.subtract(body.capture(real), 1), 'int32'),
    places: ops.cast(ops.squeeze(body.dimension('startPrefix+promptTime'), [0]), 'int32'),
    capacity: 'startPrefix+promptTime',
  };
  const caches: CudaCache[] = [];
  let stream: Stream = { x: weights.embed(ops.reshape(body.capture(tokens), [rows])) };
  for (let layer = 0; layer < architecture.layers; layer++) {
    const prefix = `layers.${layer}`;
    stream = body.named(prefix, () =>
      cudaLayer(weights, prefix, stream, fusedNorm, (mixed) => {
        const { attended, cache } = fusedAttention(architecture, mixed, known(past[layer]), context);
        caches.push(cache);
        return attended;
      }),
    );
  }
  const firstRows = ops.multiply(ops.range(body, batch), body.dimension('promptTime'));
  const lastRows = ops.subtract(ops.add(firstRows, body.capture(real)), 1);
  return { logits: logitsOf(shared, ops.gather(streamEnd(stream), lastRows)), caches };
}

interface Chunk {
  readonly row: readonly Value[];
  readonly length: Value;
  readonly prefix: readonly CudaCache[];
  /** index of the first step in `uniforms`, int64 scalar */
  readonly first: Value;
  readonly count: Value;
  readonly cacheShape: (places: Dimension) => Dimension[];
}

/** Decodes `count` tokens of every row. @returns the rows, the caches with the new places, what was drawn [batch, made] */
function decodeChunk(
  chunk: Graph,
  shared: Shared,
  attention: DecodeAttention,
  { row, length, prefix, first, count, cacheShape }: Chunk,
): {
  readonly row: readonly Value[];
  readonly caches: readonly CudaCache[];
  readonly tokens: Value;
  readonly logProbabilities: Value;
} {
  const { architecture, batch } = shared;
  const fused = attention === 'fused';
  const room = ops.fill(chunk.root(), 0, 'float16', cacheShape(fused ? CUDA_CHUNK_STEPS : 0));
  const started = fused
    ? prefix.map(({ keys, values }) => ({
        keys: ops.concat([keys, room], 2),
        values: ops.concat([values, room], 2),
      }))
    : prefix.map(() => ({ keys: room, values: room }));
  const mask = fused ? undefined : prefixMask(chunk, length, 'prefix');
  const before = ops.squeeze(chunk.dimension('prefix'), [0]);
  const inner = ops.loop(chunk, 'steps', {
    count,
    steps: 'made',
    carried: [
      ...row.map((initial) => ({ initial })),
      { initial: length },
      { initial: first },
      ...flatten(started).map((initial) => ({ initial, shape: cacheShape('places') })),
    ],
    body: (body, step, now) => {
      const state = now.slice(0, ROW).map(known);
      const [position, index] = now.slice(ROW, ROW + 2).map(known);
      const caches = unflatten(now.slice(ROW + 2));
      const weights = shared.weightsFor(1);
      const attend = (layer: number, mixed: Value): ReturnType<typeof fusedAttention> => {
        if (mask === undefined) {
          return fusedAttention(architecture, mixed, known(caches[layer]), {
            ...shared,
            time: 1,
            lastPlaces: ops.cast(known(position), 'int32'),
            places: ops.cast(ops.add(ops.add(before, step), 1), 'int32'),
            capacity: 'places',
          });
        }
        const context = { ...shared, positions: ops.unsqueeze(known(position), [1]), mask };
        return twoPartAttention(architecture, mixed, known(prefix[layer]), known(caches[layer]), context);
      };
      const grown: CudaCache[] = [];
      let stream: Stream = { x: weights.embed(known(state[0])) };
      for (let layer = 0; layer < architecture.layers; layer++) {
        const name = `layers.${layer}`;
        stream = body.named(name, () =>
          cudaLayer(weights, name, stream, fusedNorm, (mixed) => {
            const { attended, cache } = attend(layer, mixed);
            grown.push(cache);
            return attended;
          }),
        );
      }
      const pick = ops.gather(shared.uniforms, known(index), 1);
      const next = nextState(body, state, logitsOf(shared, streamEnd(stream)), pick, shared);
      return {
        carried: [...next.row, ops.add(known(position), 1), ops.add(known(index), 1), ...flatten(grown)],
        stacked: [next.token, next.logProbability],
      };
    },
  });
  const ended = inner.carried.slice(0, ROW);
  const recent = unflatten(inner.carried.slice(ROW + 2));
  const [tokens, logProbabilities] = inner.stacked.map((value) => ops.transpose(value, [1, 0]));
  const caches = fused
    ? recent
    : appendToPrefix(prefix, recent, length, ops.expand(ops.unsqueeze(count, [0]), [batch])).layers;
  return { row: ended, caches, tokens: known(tokens), logProbabilities: known(logProbabilities) };
}

/** Results of the two ways in have other sizes, which only the engine sees: they are given one name. */
function unnamed(
  value: Value,
  index: number,
  cacheShape: (places: Dimension) => Dimension[],
  batch: Dimension,
): Value {
  if (index <= ROW) return value;
  return Graph.detach(value, index < ROW + 3 ? [batch, 'opened'] : cacheShape('openedPrefix'));
}

function flatten(layers: readonly CudaCache[]): Value[] {
  return layers.flatMap(({ keys, values }) => [keys, values]);
}

function unflatten(values: readonly Value[]): CudaCache[] {
  return Array.from({ length: values.length / 2 }, (_, layer) => ({
    keys: known(values[2 * layer]),
    values: known(values[2 * layer + 1]),
  }));
}

function known<Thing>(value: Thing | undefined): Thing {
  if (value === undefined) throw new GraphError('The rollout graph lost a value');
  return value;
}
