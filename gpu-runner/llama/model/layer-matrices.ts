/** The matrices of one decoder layer by name, and the shapes that follow from an architecture. */
import type { Architecture } from './architecture.ts';

export const layerMatrixNames = [
  'attentionNorm',
  'query',
  'key',
  'value',
  'attentionOutput',
  'feedForwardNorm',
  'gate',
  'up',
  'down',
] as const;

export type LayerMatrixName = (typeof layerMatrixNames)[number];

/** [rows, columns] of each matrix of a layer; rows are output channels, and a norm is one row. */
export function layerShapes(
  architecture: Architecture,
): Readonly<Record<LayerMatrixName, readonly [number, number]>> {
  const { hiddenSize, intermediateSize, heads, keyValueHeads, headSize } = architecture;
  return {
    attentionNorm: [1, hiddenSize],
    query: [heads * headSize, hiddenSize],
    key: [keyValueHeads * headSize, hiddenSize],
    value: [keyValueHeads * headSize, hiddenSize],
    attentionOutput: [hiddenSize, heads * headSize],
    feedForwardNorm: [1, hiddenSize],
    gate: [intermediateSize, hiddenSize],
    up: [intermediateSize, hiddenSize],
    down: [hiddenSize, intermediateSize],
  };
}
