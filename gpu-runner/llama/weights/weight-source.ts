/** What a conversion reads: the matrices of a LLaMA one by one, whatever file they come from. */
import type { Architecture } from '../model/architecture.ts';

/** A matrix [rows, columns] that is read in parts; rows are output channels. A vector is one row. */
export interface SourceMatrix {
  readonly rows: number;
  readonly columns: number;
  /** fp32 [count, columns], finite. */
  readonly read: (firstRow: number, count: number) => Promise<Float32Array>;
}

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

export type SourceLayer = Readonly<Record<LayerMatrixName, SourceMatrix>>;

/** The weights of one LLaMA. `output` is null when the embedding serves as the vocabulary projection. */
export interface WeightSource {
  readonly architecture: Architecture;
  readonly embedding: SourceMatrix;
  readonly layers: readonly SourceLayer[];
  readonly norm: SourceMatrix;
  readonly output: SourceMatrix | null;
}

/** [rows, columns] that each matrix of a layer must have. */
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
