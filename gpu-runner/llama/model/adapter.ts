/** A LoRA adapter on the host: two factors for each projection of each layer, and a scalar head where there is one. */
import type { Architecture } from './architecture.ts';
import { layerShapes } from './layer-matrices.ts';

/** The linear layers that take an adapter, in the order in which a layer runs: query, key and value are adapted one by one. */
export const projections = ['query', 'key', 'value', 'attentionOutput', 'gate', 'up', 'down'] as const;

export type Projection = (typeof projections)[number];

/** The two factors of one linear layer's change: W [outputs, inputs] + (alpha / rank) B A. */
export interface LowRankPair {
  /** [rank, inputs], row-major. */
  readonly a: Float32Array;
  /** [outputs, rank], row-major. */
  readonly b: Float32Array;
}

/** A LoRA adapter, with the scalar head of a preference or value model if it has one. */
export interface Adapter {
  readonly rank: number;
  readonly alpha: number;
  /** Which projections are adapted, the same ones in every layer. */
  readonly projections: readonly Projection[];
  /** By layer, then by projection. */
  readonly layers: readonly Readonly<Partial<Record<Projection, LowRankPair>>>[];
  /** score = weight [hidden] . h + bias; null for a policy. */
  readonly head: { readonly weight: Float32Array; readonly bias: number } | null;
}

/** [outputs, inputs] of a projection in the original checkpoint. */
export function projectionShape(
  architecture: Architecture,
  projection: Projection,
): readonly [number, number] {
  return layerShapes(architecture)[projection];
}
