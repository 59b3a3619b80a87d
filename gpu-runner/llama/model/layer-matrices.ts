/** The tensors of one decoder layer by name, and the shapes that follow from an architecture. */
import type { Architecture } from './architecture.ts';

/** The linear layers, which every layer has. */
export type LinearName = 'query' | 'key' | 'value' | 'attentionOutput' | 'gate' | 'up' | 'down';

/** All that a layer may have; which of them it has says {@link layerShapes}. */
export const layerMatrixNames = [
  'attentionNorm',
  'query',
  'key',
  'value',
  'queryBias',
  'keyBias',
  'valueBias',
  'queryNorm',
  'keyNorm',
  'attentionOutput',
  'attentionOutputBias',
  'attentionAfterNorm',
  'feedForwardNorm',
  'gate',
  'up',
  'gateBias',
  'upBias',
  'down',
  'downBias',
  'feedForwardAfterNorm',
] as const;

export type LayerMatrixName = (typeof layerMatrixNames)[number];

export type Shape = readonly [rows: number, columns: number];

/** One thing for each tensor of a layer: of linear layers always, of norms and biases where the architecture has them. */
export type OfLayer<Thing> = Readonly<
  Record<LinearName, Thing> & Partial<Record<Exclude<LayerMatrixName, LinearName>, Thing>>
>;

/** [rows, columns] of each tensor of a layer; rows are output channels, and a norm or a bias is one row. */
export function layerShapes(architecture: Architecture): OfLayer<Shape> {
  const { hiddenSize, intermediateSize, heads, keyValueHeads, headSize } = architecture;
  const { biases, norm, queryKeyNorm } = architecture;
  const queries = heads * headSize;
  const keys = keyValueHeads * headSize;
  const row = (size: number): Shape => [1, size];
  const hidden = row(hiddenSize);
  return {
    query: [queries, hiddenSize],
    key: [keys, hiddenSize],
    value: [keys, hiddenSize],
    attentionOutput: [hiddenSize, queries],
    gate: [intermediateSize, hiddenSize],
    up: [intermediateSize, hiddenSize],
    down: [hiddenSize, intermediateSize],
    ...(norm.placement === 'output' ? {} : { attentionNorm: hidden, feedForwardNorm: hidden }),
    ...(norm.placement === 'input' ? {} : { attentionAfterNorm: hidden, feedForwardAfterNorm: hidden }),
    ...(biases.queryKeyValue ? { queryBias: row(queries), keyBias: row(keys), valueBias: row(keys) } : {}),
    ...(biases.attentionOutput ? { attentionOutputBias: hidden } : {}),
    ...(biases.feedForward
      ? { gateBias: row(intermediateSize), upBias: row(intermediateSize), downBias: hidden }
      : {}),
    ...(queryKeyNorm === 'head' ? { queryNorm: row(headSize), keyNorm: row(headSize) } : {}),
    ...(queryKeyNorm === 'width' ? { queryNorm: row(queries), keyNorm: row(keys) } : {}),
  };
}
