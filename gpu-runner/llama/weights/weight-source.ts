/** What a conversion reads: the matrices of a LLaMA one by one, whatever file they come from. */
import type { Scratch } from './scratch.ts';
import type { Architecture } from '../model/architecture.ts';
import type { OfLayer } from '../model/layer-matrices.ts';

/** A matrix [rows, columns] that is read in parts; rows are output channels. A vector is one row. */
export interface SourceMatrix {
  readonly rows: number;
  readonly columns: number;
  /** fp32 [count, columns], finite. In `scratch`, where it is given, they last until the next read into it. */
  readonly read: (firstRow: number, count: number, scratch?: Scratch) => Promise<Float32Array>;
}

/** The tensors that {@link layerShapes} names for the architecture. */
export type SourceLayer = OfLayer<SourceMatrix>;

/** The weights of one LLaMA. `output` is null when the embedding serves as the vocabulary projection. */
export interface WeightSource {
  readonly architecture: Architecture;
  readonly embedding: SourceMatrix;
  readonly layers: readonly SourceLayer[];
  readonly norm: SourceMatrix;
  readonly output: SourceMatrix | null;
}
