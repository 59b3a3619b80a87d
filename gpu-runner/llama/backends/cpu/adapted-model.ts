/** The frozen base under adapters inside a CPU training graph: the sampler's own products forward, and their way back. */
import { Graph, type Value } from '../../../tensor/graph.ts';
import * as ops from '../../../tensor/operators.ts';
import type { AdaptedModel, AdaptedModelOptions } from '../../model/backend.ts';
import { rowsPerGroup } from '../../model/bundled-tokens.ts';
import type { Mix } from '../../model/causal-attention.ts';
import { residualStream } from '../../model/decoder.ts';
import type { ExternalTensors } from '../../model/external-tensors.ts';
import type { GraphWeights } from '../../model/graph-weights.ts';
import type { VocabularyProjection } from '../../model/lm-head.ts';
import { withAdapters } from '../../model/lora.ts';
import {
  type CpuBase,
  cpuTensors,
  type EightBitWeights,
  eightBitWeights,
  floatWeights,
} from './cpu-weights.ts';
import { exactMix } from './exact-attention.ts';
import { inputGradient, vocabularyMix } from './input-gradient.ts';

/** A base as constants of a graph: its layers, how they attend, and its vocabulary projection. */
interface FrozenBase {
  readonly weights: GraphWeights;
  readonly projection: VocabularyProjection;
  readonly mix?: (layer: number) => Mix;
}

/** The model of {@link Backend.adaptedModel} on a CPU. */
export function cpuAdaptedModel(
  graph: Graph,
  cpuBase: CpuBase,
  { layout, parameters, tokens, maximumTime }: AdaptedModelOptions,
): AdaptedModel {
  const tensors = cpuTensors(graph, cpuBase);
  const form = cpuBase.base.precision === 'int8' ? eightBitBase : floatBase;
  const frozen = form(cpuBase, tensors, maximumTime);
  const adapters = withAdapters(frozen.weights, layout, parameters, rowsPerGroup(tokens));
  return {
    weights: adapters.weights,
    projection: frozen.projection,
    heads: { weight: adapters.headWeight, bias: adapters.headBias },
    stream: residualStream(graph, adapters.weights, tokens, maximumTime, frozen.mix),
  };
}

function floatBase(cpuBase: CpuBase, tensors: ExternalTensors): FrozenBase {
  const weights = floatWeights(cpuBase, tensors);
  const tied = !tensors.has('output.weight');
  const table = tied ? tensors.value('embedding.weight') : tensors.value('output.weight');
  return {
    weights,
    projection: {
      logits: (x) => weights.linear('output', x),
      mix: (p) => ops.matMul(p, table, { transposeB: !tied }),
      rows: (tokens) => (tied ? ops.gather(table, tokens) : transposed(ops.gather(table, tokens, 1))),
      seen: (x) => x,
    },
  };
}

/** 8-bit forward, straight through the rounding backward. */
function eightBitBase(cpuBase: CpuBase, tensors: ExternalTensors, maximumTime: number): FrozenBase {
  const eightBit = eightBitWeights(cpuBase, tensors, maximumTime);
  const { exactProduct } = cpuBase;
  const form = cpuBase.backward ?? 'exact';
  const linear = (name: string, x: Value): Value => {
    const inputs = eightBit.turn(name, x);
    return ops.first(
      Graph.composite(
        'FrozenLinear',
        [inputs],
        () => [eightBit.product(name, inputs)],
        ({ outputGradients: [g] }) =>
          g === undefined ? [] : [inputGradient(g, tensors, name, form, exactProduct)],
      ),
    );
  };
  const tied = eightBit.architecture.tiedEmbedding;
  return {
    weights: { ...eightBit, linear },
    mix: (layer) => exactMix(eightBit.valueGrid(layer)),
    projection: {
      logits: (x) => eightBit.linear('output', x),
      // A tied base holds the output a second time by rows, which is the layout this product wants.
      mix: (p) => eightBit.turn('output', vocabularyMix(p, tensors, tied, form, exactProduct)),
      rows: (tokens) => {
        if (tied) return eightBit.embed(tokens);
        const columns = ops.cast(ops.gather(tensors.value('output.weight'), tokens, 1), 'float32');
        const scaled = ops.multiply(columns, ops.gather(tensors.value('output.scale'), tokens));
        return eightBit.turn('output', transposed(scaled));
      },
      ...(form === 'exact' ? { seen: (x) => roundedInputs(eightBit, x) } : {}),
    },
  };
}

/** What the vocabulary's product reads for x, back in x's own coordinates. */
function roundedInputs({ turn }: EightBitWeights, x: Value): Value {
  const inputs = turn('output', x);
  const largest = ops.reduceMax(ops.absolute(inputs), { axes: [-1], keep: true });
  const step = ops.multiply(ops.maximum(largest, 1e-30), 1 / 127);
  return turn('output', ops.multiply(ops.round(ops.divide(inputs, step)), step));
}

function transposed(x: Value): Value {
  return ops.transpose(x, [1, 0]);
}
