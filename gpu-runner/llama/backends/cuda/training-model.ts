/** The frozen base under adapters inside a CUDA training graph: fp16 layers that are computed again for the backward pass. */
import { multiplyDimensions } from '../../../tensor/dimension.ts';
import { GraphError } from '../../../tensor/errors.ts';
import { gradients } from '../../../tensor/gradient.ts';
import { Graph, type Value } from '../../../tensor/graph.ts';
import { rotary, type RotaryTables } from '../../../tensor/composites.ts';
import * as ops from '../../../tensor/operators.ts';
import { rotaryTables } from '../../model/rotary-tables.ts';
import type { ModelForm } from '../../trainer/graphs.ts';
import { adaptedWeights } from '../../model/lora.ts';
import type { AdapterLayout } from '../../model/lora-layout.ts';
import type { VocabularyProjection } from '../../model/lm-head.ts';
import { cutFlat, type GraphWeights } from '../../model/graph-weights.ts';
import { trainingAttention, trainingMask } from './attention.ts';
import { cudaLinear, CudaTensors, cudaWeights, unfolded, unfoldedRows } from './cuda-weights.ts';
import { GradientScale } from './gradient-scale.ts';
import { cudaLayer, streamEnd, trainedNorm } from './layer.ts';

/**
 * Forward: fp16 layers, of which only the input is kept. Backward: one layer after the other is computed again inside a
 * branch of its own and differentiated there, so that what it needs lives as long as that branch: activation memory is one
 * layer plus the inputs of all. The residual stream leaves as fp32.
 */
export const cudaModel: ModelForm = (graph, { base, layout, groups }, options, parameters, tokens) => {
  const { architecture } = base;
  const tensors = new CudaTensors(graph, architecture);
  const weights = cudaWeights(tensors);
  const scale = new GradientScale();
  const cut = cutFlat(parameters, layout.tensors, [groups]);
  const float = (name: string): Value => known(cut.get(name), name);
  const [, , time = 1] = tokens.shape;
  const batch = multiplyDimensions(groups, 'rows');
  const context: LayerContext = {
    layout,
    groups,
    batch,
    time,
    mask: trainingMask(graph, time),
    tables: halfTables(graph, base.architecture, options.maximumTime),
  };
  // A condition that the engine cannot know before it runs, so that it keeps the branches: there are rows.
  const always = ops.greater(ops.squeeze(graph.dimension('rows'), [0]), 0);
  let x = weights.embed(ops.reshape(tokens, [multiplyDimensions(batch, time)]));
  for (let layer = 0; layer < architecture.layers; layer++) {
    const prefix = `layers.${layer}`;
    const names = layout.tensors.map(({ name }) => name).filter((name) => name.startsWith(`${prefix}.`));
    const adapters = names.map((name) => scale.toHalf(float(name)));
    x = graph.named(prefix, () => recomputedLayer(weights, prefix, x, names, adapters, always, context));
  }
  const projection = cudaProjection(tensors);
  const linear = (name: string, rows: Value): Value =>
    name === 'output' ? projection.logits(rows) : weights.linear(name, rows);
  return {
    weights: { ...weights, linear },
    projection,
    heads: { weight: float('head.weight'), bias: float('head.bias') },
    stream: scale.toFloat(x),
  };
};

interface LayerContext {
  readonly layout: AdapterLayout;
  readonly groups: number;
  readonly batch: Value['shape'][number];
  readonly time: Value['shape'][number];
  readonly mask: Value;
  readonly tables: RotaryTables;
}

function recomputedLayer(
  weights: GraphWeights,
  prefix: string,
  x: Value,
  names: readonly string[],
  adapters: readonly Value[],
  always: Value,
  context: LayerContext,
): Value {
  const forward = (input: Value, values: readonly Value[]): Value =>
    trainingLayer(weights, prefix, input, names, values, context);
  const inputs = [x, ...adapters];
  return ops.first(
    Graph.composite(
      'RecomputedLayer',
      inputs,
      () => [forward(x, adapters)],
      ({ outputGradients: [g] }) => {
        if (g === undefined) return [];
        const { graph } = x;
        return ops.branch(
          graph,
          'backward',
          always,
          (body) => {
            const inside = inputs.map((value) => body.capture(value));
            const [input, ...values] = inside;
            const y = forward(known(input, 'input'), values);
            // The gradient of sum(y g) by what y is made of; the sum itself is never computed.
            return gradients(ops.reduceSum(ops.multiply(y, ops.stopGradient(body.capture(g)))), inside);
          },
          (body) =>
            inputs
              .map(({ dtype, shape }) => ops.fill(body, 0, dtype, shape))
              .map((zero) => inBody(body, zero)),
        );
      },
    ),
  );
}

/** A value of the graph around as a result of this body. */
function inBody(body: Graph, value: Value): Value {
  return value.graph === body ? value : ops.emitOne('Identity', [body.capture(value)], value);
}

function trainingLayer(
  base: GraphWeights,
  prefix: string,
  x: Value,
  names: readonly string[],
  values: readonly Value[],
  { layout, groups, batch, time, mask, tables }: LayerContext,
): Value {
  const { heads, keyValueHeads, headSize } = base.architecture;
  const byName = new Map(names.map((name, index) => [name, values[index]]));
  const tensor = (name: string): Value => known(byName.get(name), name);
  const weights = adaptedWeights(base, layout, tensor, groups, multiplyDimensions('rows', time));
  const stream = cudaLayer(weights, prefix, { x }, trainedNorm, (mixed) => {
    const all = heads + 2 * keyValueHeads;
    const byHead = ops.transpose(ops.reshape(mixed, [batch, time, all, headSize]), [0, 2, 1, 3]);
    const [query, key, value] = ops.split(byHead, 1, [heads, keyValueHeads, keyValueHeads]);
    const attended = trainingAttention(
      rotary(known(query, 'query'), tables),
      rotary(known(key, 'key'), tables),
      known(value, 'value'),
      mask,
    );
    return ops.reshape(ops.transpose(attended, [0, 2, 1, 3]), [x.shape[0] ?? 1, heads * headSize]);
  });
  return streamEnd(stream);
}

/** The vocabulary's products in fp16, everything around them in fp32. */
function cudaProjection(tensors: CudaTensors): VocabularyProjection {
  const half = (x: Value): Value => ops.cast(x, 'float16');
  const float = (x: Value): Value => ops.cast(x, 'float32');
  return {
    logits: (x) => float(cudaLinear(tensors, 'output', half(x))),
    mix: (p) => float(ops.matMul(half(p), unfolded(tensors, 'output'))),
    rows: (tokens) => float(unfoldedRows(tensors, 'output', tokens)),
    seen: (x) => float(half(x)),
  };
}

function halfTables(
  graph: Graph,
  architecture: GraphWeights['architecture'],
  positions: number,
): RotaryTables {
  const { cosine, sine } = rotaryTables(architecture, positions);
  const shape = [positions, architecture.headSize / 2];
  return {
    positions: graph.constant('int64', [0]),
    cosine: graph.constant('float16', [...cosine], shape),
    sine: graph.constant('float16', [...sine], shape),
    interleaved: architecture.rope.layout === 'interleaved',
  };
}

function known<Thing>(value: Thing | undefined, name: string): Thing {
  if (value === undefined) throw new GraphError(`the CUDA training graph has no ${name}`);
  return value;
}
