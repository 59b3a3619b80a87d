/** The frozen base under adapters inside a CUDA training graph: fp16 layers that are computed again for the backward pass. */
import type { Dimension } from '../../../tensor/dimension.ts';
import { gradients } from '../../../tensor/gradient.ts';
import { Graph, type Value } from '../../../tensor/graph.ts';
import * as ops from '../../../tensor/operators.ts';
import type { AdaptedModel, AdaptedModelOptions } from '../../model/backend.ts';
import { bundledAttention } from '../../model/bundled-attention.ts';
import { flatTokens, rowsPerGroup } from '../../model/bundled-tokens.ts';
import { type Attend, decoderLayer, embedded, streamEnd } from '../../model/decoder-layer.ts';
import type { ExternalTensors } from '../../model/external-tensors.ts';
import { cutFlat, type GraphWeights } from '../../model/graph-weights.ts';
import { layerTables } from '../../model/rotary-tables.ts';
import type { VocabularyProjection } from '../../model/lm-head.ts';
import { adaptedWeights } from '../../model/lora.ts';
import type { AdapterLayout } from '../../model/lora-layout.ts';
import {
  asTurned,
  type CudaBase,
  cudaLinear,
  cudaTensors,
  cudaWeights,
  unfolded,
  unfoldedRows,
} from './cuda-weights.ts';
import { GradientScale } from './gradient-scale.ts';

/**
 * Forward: fp16 layers, of which only the input is kept. Backward: one layer after the other is computed again inside a
 * branch of its own and differentiated there, so that what it needs lives as long as that branch: activation memory is one
 * layer plus the inputs of all. The residual stream leaves as fp32.
 */
export function cudaAdaptedModel(
  graph: Graph,
  base: CudaBase,
  { layout, groups, parameters, tokens, maximumTime }: AdaptedModelOptions,
): AdaptedModel {
  const { architecture } = base;
  const tensors = cudaTensors(graph, architecture);
  const weights = cudaWeights(base, tensors);
  const scale = new GradientScale();
  const cut = cutFlat(parameters, layout.tensors, [groups]);
  const float = (name: string): Value => ops.known(cut.get(name), name);
  const tables = layerTables(graph, architecture, maximumTime, 'float16');
  const context: LayerContext = {
    layout,
    groups,
    rowsPerGroup: rowsPerGroup(tokens),
    attention: bundledAttention(graph, architecture, tokens, { hidden: HIDDEN, tables, maximumTime }),
  };
  // A condition that the engine cannot know before it runs, so that it keeps the branches: there are bundles.
  const always = ops.greater(ops.squeeze(graph.dimension('bundles'), [0]), 0);
  let x = embedded(weights, flatTokens(tokens));
  for (let layer = 0; layer < architecture.layers; layer++) {
    const prefix = `layers.${layer}`;
    const names = layout.tensors.map(({ name }) => name).filter((name) => name.startsWith(`${prefix}.`));
    const adapters = names.map((name) => scale.toHalf(float(name)));
    x = graph.named(prefix, () => recomputedLayer(weights, layer, x, names, adapters, always, context));
  }
  const projection = cudaProjection(base, tensors);
  const linear = (name: string, rows: Value): Value =>
    name === 'output' ? projection.logits(rows) : weights.linear(name, rows);
  return {
    weights: { ...weights, linear },
    projection,
    heads: { weight: float('head.weight'), bias: float('head.bias') },
    stream: scale.toFloat(x),
  };
}

/** Added to fp32 scores of places that must not be seen; a score on top would stay finite in fp16, too. */
const HIDDEN = -30_000;

interface LayerContext {
  readonly layout: AdapterLayout;
  readonly groups: number;
  readonly rowsPerGroup: Dimension;
  readonly attention: (layer: number) => Attend;
}

function recomputedLayer(
  weights: GraphWeights,
  layer: number,
  x: Value,
  names: readonly string[],
  adapters: readonly Value[],
  always: Value,
  context: LayerContext,
): Value {
  const forward = (input: Value, values: readonly Value[]): Value =>
    trainingLayer(weights, layer, input, names, values, context);
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
            const y = forward(ops.known(input, 'input'), values);
            // The gradient of sum(y g) by what y is made of; the sum itself is never computed.
            return gradients(ops.reduceSum(ops.multiply(y, ops.stopGradient(body.capture(g)))), inside);
          },
          (body) =>
            inputs
              .map(({ dtype, shape }) => ops.full(body, 0, dtype, shape))
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
  layer: number,
  x: Value,
  names: readonly string[],
  values: readonly Value[],
  { layout, groups, rowsPerGroup: rows, attention }: LayerContext,
): Value {
  const byName = new Map(names.map((name, index) => [name, values[index]]));
  const tensor = (name: string): Value => ops.known(byName.get(name), name);
  const weights = adaptedWeights(base, layout, tensor, groups, rows);
  return streamEnd(decoderLayer(weights, `layers.${layer}`, { x }, attention(layer)));
}

/** The vocabulary's products in fp16, everything around them in fp32. */
function cudaProjection(base: CudaBase, tensors: ExternalTensors): VocabularyProjection {
  const turn = (x: Value): Value => asTurned(base, x);
  const half = (x: Value): Value => ops.cast(x, 'float16');
  const float = (x: Value): Value => ops.cast(x, 'float32');
  return {
    logits: (x) => float(cudaLinear(tensors, 'output', turn(half(x)))),
    mix: (p) => float(turn(ops.matMul(half(p), unfolded(tensors, 'output')))),
    rows: (tokens) => float(turn(unfoldedRows(tensors, 'output', tokens))),
    seen: (x) => float(half(x)),
  };
}
